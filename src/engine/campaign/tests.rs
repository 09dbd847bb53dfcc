//! A small campaign in every test run, and for ever the runs that once failed.

use super::plan::Plan;
use super::run;
use super::{Campaign, FAMILIES, Family, live, replay_run};
use crate::base::time::{FakeClock, Wall};
use crate::engine::charge::State;
use crate::engine::device::Catalog;
use crate::engine::sim::World;

/// Seeds that once failed, with their family.
const ONCE_FAILED: &str = include_str!("../../../tests/golden/campaign_seeds.txt");

#[test]
fn every_family_keeps_every_rule() {
    let clock = FakeClock::new(Wall::from_nanos(0));
    for family in FAMILIES {
        let campaign = Campaign { seed: 4, runs: 7, family: *family, jobs: 2 };
        let tally = campaign.run(&*clock).unwrap();
        assert_eq!(tally.runs, 7);
        let told: Vec<String> = tally
            .failures
            .iter()
            .map(|f| format!("{} seed {}: {}", family.name, f.seed, f.what))
            .collect();
        assert!(told.is_empty(), "{told:#?}");
    }
}

#[test]
fn a_campaign_sees_every_state_of_the_machine() {
    let family = Family::named("all").unwrap();
    let campaign = Campaign { seed: 9, runs: 60, family, jobs: 2 };
    let tally = campaign.run(&*FakeClock::new(Wall::from_nanos(0))).unwrap();
    for state in State::NAMES {
        assert!(tally.states_reached.contains_key(state), "{state}: {:?}", tally.states_reached);
    }
    assert_eq!(tally.violations, 0, "{:#?}", tally.failures);
}

#[test]
fn runs_that_once_failed_never_fail_again() {
    let catalog = Catalog::builtin();
    let mut count = 0;
    for line in ONCE_FAILED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let family = Family::named(words.next().unwrap()).unwrap();
        let seed = words.next().unwrap().parse().unwrap();
        let ended = live(seed, family, &catalog, run::Detail::Last).unwrap();
        assert_eq!(ended.violation, None, "{line}:\n{}", ended.trace.join("\n"));
        count += 1;
    }
    assert!(count > 0, "the list of once failing seeds is not read");
}

#[test]
fn the_same_seed_is_the_same_run_step_by_step() {
    let all = Family::named("all").unwrap();
    assert_eq!(replay_run(77, all).unwrap(), replay_run(77, all).unwrap());
    assert_ne!(replay_run(77, all).unwrap(), replay_run(78, all).unwrap());
}

#[test]
fn every_kind_of_fault_is_a_scene_that_runs() {
    for family in FAMILIES {
        for seed in 0..60 {
            let plan = Plan::draw(seed, *family).unwrap();
            World::new(&plan.scene, seed).unwrap();
            assert!(plan.deeds.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        }
    }
    assert!(Family::named("nothing").is_err());
}
