//! The plan: what costs, what does not, and what happens when it is spent.

use chaski_sandbox::{Sandbox, SandboxConfig};
use serde_json::json as value;

use crate::kit::{answer, config, status, v1, v2};

fn with_quota(quota: u64, charge_per_ruc: bool) -> Sandbox {
    Sandbox::new(SandboxConfig {
        quota: Some(quota),
        charge_per_ruc,
        ..config()
    })
    .unwrap()
}

#[test]
fn the_account_counts_down_and_a_spent_plan_is_a_429() {
    let sandbox = with_quota(2, false);
    let left = |expected: u64| {
        let (status, body) = answer(&sandbox, v1("account", ""));
        assert_eq!((status, &body["consultas"]), (200, &value!(expected)));
    };
    left(2);
    assert_eq!(status(&sandbox, v2("ruc/20100070970")), 200);
    left(1);
    assert_eq!(status(&sandbox, v2("ruc/1")), 422);
    left(1);
    assert_eq!(status(&sandbox, v2("ruc/20000633527")), 404);
    left(0);
    let spent = value!({"message": "Too Many Attempts."});
    assert_eq!(
        answer(&sandbox, v2("ruc/20100070970")),
        (429, spent.clone())
    );
    assert_eq!(answer(&sandbox, v1("dni", "dni=12345678")), (429, spent));
    assert_eq!((sandbox.charged(), sandbox.quota_left()), (2, Some(0)));
    // Forgetting the ledger does not refill the plan.
    sandbox.clear();
    assert_eq!(
        (sandbox.charged(), status(&sandbox, v2("ruc/20100070970"))),
        (0, 429)
    );
}

#[test]
fn a_collection_costs_one_call_or_one_for_each_ruc() {
    let two = || v1("ruc/collection", "ruc[]=20100070970&ruc[]=20000633527");
    let check = |quota, per_ruc, expected_status, charged| {
        let sandbox = with_quota(quota, per_ruc);
        assert_eq!(status(&sandbox, two()), expected_status);
        assert_eq!(
            (sandbox.charged(), sandbox.quota_left()),
            (charged, Some(quota - charged))
        );
    };
    check(1, false, 200, 1);
    check(2, true, 200, 2);
    check(1, true, 429, 0);
}

#[test]
fn a_plan_without_limit_still_shows_a_count() {
    let sandbox = Sandbox::new(config()).unwrap();
    assert_eq!(status(&sandbox, v2("ruc/20100070970")), 200);
    assert_eq!(answer(&sandbox, v1("account", "")).1["consultas"], 39_999);
    assert_eq!(sandbox.quota_left(), None);
}
