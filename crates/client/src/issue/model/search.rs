//! Breadth first: every state once, the shortest way to what is broken, and whether the end can be
//! reached from everywhere.

use super::world::{Happens, Next, State, World};

/// What a search came to.
pub(super) struct Searched {
    pub(super) states: usize,
    pub(super) ways: usize,
    pub(super) books: (usize, usize),
    /// The rule that is broken, and the steps that lead there.
    pub(super) broken: Option<(&'static str, Vec<Happens>)>,
    /// States from which the end cannot be reached, where all were seen.
    pub(super) stuck: usize,
    /// The steps to the first of them.
    pub(super) way_to_stuck: Vec<Happens>,
    pub(super) is_whole: bool,
}

/// States by their hash, open addressing: the library's map takes three times as long unoptimised.
struct Seen {
    places: Vec<u32>,
    states: Vec<State>,
}

const NONE: u32 = u32::MAX;

impl Seen {
    fn new() -> Seen {
        Seen {
            places: vec![NONE; 1 << 16],
            states: Vec::new(),
        }
    }

    /// The number of a state, and whether it is new.
    fn insert(&mut self, state: State) -> (u32, bool) {
        if self.states.len() * 2 > self.places.len() {
            self.places = vec![NONE; self.places.len() * 4];
            for (number, known) in self.states.iter().enumerate() {
                let mut at = hash(known) & (self.places.len() - 1);
                while self.places[at] != NONE {
                    at = (at + 1) & (self.places.len() - 1);
                }
                self.places[at] = number as u32;
            }
        }
        let mask = self.places.len() - 1;
        let words = state.words();
        let mut at = hash(&state) & mask;
        loop {
            let number = self.places[at];
            if number == NONE {
                let number = self.states.len() as u32;
                self.places[at] = number;
                self.states.push(state);
                return (number, true);
            }
            if self.states[number as usize].words() == words {
                return (number, false);
            }
            at = (at + 1) & mask;
        }
    }
}

fn hash(state: &State) -> usize {
    let mut mixed = 0_u64;
    for word in state.words() {
        let product = u128::from(mixed ^ word) * 0x9E37_79B9_7F4A_7C15;
        mixed = (product ^ (product >> 64)) as u64;
    }
    (mixed ^ mixed >> 32) as usize
}

/// Explores up to so many states.
pub(super) fn search(world: &mut World, most: usize) -> Searched {
    let mut seen = Seen::new();
    let mut from = vec![NONE];
    let (mut ways, mut ends): (Vec<u32>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut over = Vec::new();
    seen.insert(State::default());
    let mut next: Vec<Next> = Vec::new();
    let mut done = 0;
    let mut broken = None;
    'all: while done < seen.states.len() && seen.states.len() < most {
        let state = seen.states[done];
        let is_over = world.is_over(&state);
        over.push(is_over);
        if is_over && let Some(rule) = world.broken_at_rest(&state) {
            broken = Some((rule, way_to(world, &seen.states, &from, done, None)));
            break;
        }
        world.next(&state, &mut next);
        for (happens, state) in &next {
            match state {
                Ok(state) => {
                    let (number, is_new) = seen.insert(*state);
                    if is_new {
                        from.push(done as u32);
                    }
                    ways.push(number);
                }
                Err(rule) => {
                    let last = Some(*happens);
                    broken = Some((*rule, way_to(world, &seen.states, &from, done, last)));
                    break 'all;
                }
            }
        }
        ends.push(ways.len());
        done += 1;
    }
    let is_whole = broken.is_none() && done == seen.states.len();
    let stuck = if is_whole {
        cannot_end(over, &ways, &ends)
    } else {
        Vec::new()
    };
    let way_to_stuck = stuck.first().map_or_else(Vec::new, |first| {
        way_to(world, &seen.states, &from, *first, None)
    });
    Searched {
        states: seen.states.len(),
        ways: ways.len(),
        books: world.library.len(),
        broken,
        stuck: stuck.len(),
        way_to_stuck,
        is_whole,
    }
}

/// The states that have no way to the end.
fn cannot_end(mut can: Vec<bool>, ways: &[u32], ends: &[usize]) -> Vec<usize> {
    loop {
        let mut changed = false;
        for state in (0..can.len()).rev() {
            let begin = if state == 0 { 0 } else { ends[state - 1] };
            if !can[state] && ways[begin..ends[state]].iter().any(|to| can[*to as usize]) {
                can[state] = true;
                changed = true;
            }
        }
        if !changed {
            return (0..can.len()).filter(|it| !can[*it]).collect();
        }
    }
}

fn way_to(
    world: &mut World,
    states: &[State],
    from: &[u32],
    to: usize,
    last: Option<Happens>,
) -> Vec<Happens> {
    let mut steps: Vec<Happens> = last.into_iter().collect();
    let mut at = to;
    let mut next = Vec::new();
    while from[at] != NONE {
        let before = from[at] as usize;
        world.next(&states[before], &mut next);
        let step = next.iter().find(|it| it.1 == Ok(states[at]));
        steps.extend(step.map(|it| it.0));
        at = before;
    }
    steps.reverse();
    steps
}
