//! Whatever is done in whatever order: what must hold of accounts and those who are in, holds.

use std::collections::HashSet;

use busbar::engine::{
    AccountId, AccountKind, AddAccount, Administer, ChangeAccount, CreateToken, Credential,
    DeleteAccount, GivePassword, MakeLink, MustChangeIt, PasswordHash, Preset, Purpose, Secret,
    Status, Verdict,
};
use proptest::prelude::*;

use super::house::{BASE, GOOD, House, browser, home, invited, secret};

/// Something that somebody does to the account with an index, counted round.
#[derive(Clone, Debug)]
enum Deed {
    Add(u8, Preset, Way),
    Rights(u8, Preset),
    Status(u8, Status),
    Rename(u8, u8),
    Delete(u8),
    Link(u8, Purpose),
    Redeem(u8),
    Give(u8),
    SignIn(u8),
    Token(u8, Preset),
    Wait(u16),
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Password,
    Invitation,
    Machine,
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = 0_u8..6;
    let preset = || prop::sample::select(Preset::ALL.to_vec());
    let way = prop::sample::select(vec![Way::Password, Way::Invitation, Way::Machine]);
    let status = prop::sample::select(vec![Status::Invited, Status::Active, Status::Disabled]);
    let purpose = prop::sample::select(vec![Purpose::Invitation, Purpose::Reset]);
    prop_oneof![
        3 => (who.clone(), preset(), way).prop_map(|(n, p, w)| Deed::Add(n, p, w)),
        2 => (who.clone(), preset()).prop_map(|(n, p)| Deed::Rights(n, p)),
        3 => (who.clone(), status).prop_map(|(n, s)| Deed::Status(n, s)),
        1 => (who.clone(), 0_u8..6).prop_map(|(n, m)| Deed::Rename(n, m)),
        2 => who.clone().prop_map(Deed::Delete),
        2 => (who.clone(), purpose).prop_map(|(n, p)| Deed::Link(n, p)),
        2 => (0_u8..20).prop_map(Deed::Redeem),
        1 => who.clone().prop_map(Deed::Give),
        4 => who.clone().prop_map(Deed::SignIn),
        2 => (who, preset()).prop_map(|(n, p)| Deed::Token(n, p)),
        1 => (0_u16..3000).prop_map(Deed::Wait),
    ]
}

/// A house where things are done.
struct Run {
    house: House,
    hash: PasswordHash,
    links: Vec<Secret>,
    had_administrator: bool,
}

const NAMES: [&str; 6] = ["ada", "Grace", "Zo\u{eb}", "hedy", "ZO\u{cb}", "ADA"];

impl Run {
    fn new() -> Self {
        let house = House::new();
        let hash = house.gate().hash("somebody", &secret(GOOD)).unwrap();
        Self { house, hash, links: Vec::new(), had_administrator: false }
    }

    fn id(&self, index: u8) -> AccountId {
        let roster = self.house.roster();
        let count = roster.accounts.len();
        // A number that nobody has, where there is nobody.
        if count == 0 { AccountId(999) } else { roster.accounts[usize::from(index) % count].id }
    }

    /// Does it; whether it is refused is the engine's affair.
    fn carry_out(&mut self, deed: &Deed) {
        let house = &self.house;
        let change = |index: u8| ChangeAccount { id: Some(self.id(index)), ..Default::default() };
        match deed {
            Deed::Add(name, preset, way) => {
                let (kind, credential) = match way {
                    Way::Machine => (AccountKind::Machine, Credential::None),
                    Way::Invitation => (AccountKind::Person, Credential::Invitation),
                    Way::Password => {
                        let must_change = MustChangeIt::No;
                        let hash = self.hash.clone();
                        (AccountKind::Person, Credential::Password { hash, must_change })
                    }
                };
                let order = invited(NAMES[usize::from(*name)], *preset);
                let added = house.order(AddAccount { kind, credential, ..order });
                let link = added.ok().and_then(|added| added.link);
                self.links.extend(link.map(|link| link.token));
            }
            Deed::Rights(index, preset) => {
                let rights = Some(preset.rights());
                let _answer = house.order(ChangeAccount { rights, ..change(*index) });
            }
            Deed::Status(index, status) => {
                let status = Some(*status);
                let _answer = house.order(ChangeAccount { status, ..change(*index) });
            }
            Deed::Rename(index, name) => {
                let name = Some(NAMES[usize::from(*name)].to_owned());
                let _answer = house.order(ChangeAccount { name, ..change(*index) });
            }
            Deed::Delete(index) => {
                let _answer = house.order(DeleteAccount { id: self.id(*index), expected: None });
            }
            Deed::Link(index, purpose) => {
                let (id, purpose) = (self.id(*index), *purpose);
                let made = house.order(MakeLink { id, purpose, link_base: BASE.into() });
                let link = made.ok().and_then(|made| made.link);
                self.links.extend(link.map(|link| link.token));
            }
            Deed::Redeem(index) => {
                if let Some(token) = self.links.get(usize::from(*index)) {
                    let _answer = house.gate().redeem(token.reveal(), None, &secret(GOOD), &home());
                }
            }
            Deed::Give(index) => {
                let (id, hash) = (self.id(*index), self.hash.clone());
                let must_change = MustChangeIt::Yes;
                let _answer = house.order(GivePassword { id, expected: None, hash, must_change });
            }
            Deed::SignIn(index) => {
                let roster = house.roster();
                if let Some(account) = roster.account(self.id(*index)) {
                    let from = browser(&format!("192.0.2.{index}"));
                    let _answer = house.gate().sign_in(&account.name, &secret(GOOD), &from);
                }
            }
            Deed::Token(index, preset) => {
                use busbar::base::time::{Clock as _, Wall};
                let expires = Wall::from_nanos(house.clock.wall().nanos() + 3_600_000_000_000);
                let (account, rights) = (self.id(*index), preset.rights());
                let name = format!("token {preset:?}");
                let _answer = house.order(CreateToken { account, name, rights, expires });
            }
            Deed::Wait(seconds) => house.wait(u64::from(*seconds)),
        }
    }

    fn check(&mut self) {
        let roster = self.house.roster();
        let names: HashSet<String> =
            roster.accounts.iter().map(|a| a.name.to_lowercase()).collect();
        assert_eq!(names.len(), roster.accounts.len(), "two accounts share a name");
        assert!(roster.has_administrator() || !self.had_administrator, "nobody can administer");
        self.had_administrator |= roster.has_administrator();
        for account in &roster.accounts {
            match account.status {
                Status::Invited => assert!(!account.has_password, "{account:?}"),
                Status::Disabled => assert_eq!(account.link, None, "{account:?}"),
                Status::Active => {}
            }
            if account.kind == AccountKind::Machine {
                assert!(!account.has_password && account.link.is_none(), "{account:?}");
            }
        }
        for entry in roster.sessions.iter().filter(|entry| entry.life.ended().is_none()) {
            let account = roster.account(entry.account).unwrap();
            assert!(account.status == Status::Active && account.has_password, "{account:?}");
            assert_eq!(account.kind, AccountKind::Person, "a machine signed in");
            assert!(entry.ended.is_none());
        }
        for entry in roster.tokens.iter().filter(|entry| entry.life.ended().is_none()) {
            let account = roster.account(entry.account).unwrap();
            assert!(account.rights.cover(entry.rights), "{account:?}: {entry:?}");
            assert_ne!(account.status, Status::Disabled, "{account:?}: {entry:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_done_somebody_can_administer_and_nobody_is_in_who_may_not_be(
        deeds in prop::collection::vec(deed(), 1..60),
    ) {
        let mut run = Run::new();
        for deed in &deeds {
            run.carry_out(deed);
            run.check();
        }
        let grant = run.house.desk.permit(Administer).unwrap();
        let verdict = run.house.door().verify_journal(&grant).unwrap();
        prop_assert!(matches!(verdict, Verdict::Whole { .. }), "{:?}", verdict);
    }
}
