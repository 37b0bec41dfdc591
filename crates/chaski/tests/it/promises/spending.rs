//! Nothing is sent that was not set aside: quota, daily caps, cost of a list.
