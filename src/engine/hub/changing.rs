//! Changes of the file of the running profile, one at a time: a rule, a message, which DBC files read a
//! bus, an edit. Each waits for the disk in a thread aside; what hinders another says so.

use super::*;

impl Hub {
    pub(super) fn assign(&mut self, order: AssignDbcs, by: (String, &'static str), reply: Reply) {
        let busy = self.ruling.hinders().or_else(|| self.keeping.hinders());
        let after = match busy.or_else(|| self.editing.hinders()) {
            Some(why) => Effect::Answer(reply, Err(OrderError::Unfit(why))),
            None => self.assigning.set((order, reply), by, &mut self.plant, self.epoch),
        };
        self.answers.push(after);
        self.news = News::Urgent;
    }

    pub(super) fn keep_message(
        &mut self,
        now: Now,
        asked: keeping::Asked,
        effects: &mut Vec<Effect>,
    ) {
        let busy = self.ruling.hinders().or_else(|| self.assigning.hinders());
        let busy = busy.or_else(|| self.editing.hinders());
        let at = (now.wall, self.epoch);
        let after = self.keeping.set(asked, busy, &mut self.plant, at, effects);
        self.answers.push(after);
        self.news = News::Urgent;
    }

    pub(super) fn set_rule(&mut self, now: Now, asked: Asked, effects: &mut Vec<Effect>) {
        let busy = self.assigning.hinders().or_else(|| self.keeping.hinders());
        if let Some(why) = busy.or_else(|| self.editing.hinders()) {
            self.answers.push(Effect::Answer(asked.reply, Err(OrderError::Unfit(why))));
            self.news = News::Urgent;
            return;
        }
        let floor = ruling::Floor { plant: &mut self.plant, charging: &mut self.charging };
        let after = self.ruling.set(asked, floor, (now, self.epoch), effects);
        self.answers.push(after);
        self.news = News::Urgent;
    }

    pub(super) fn kept(
        &mut self,
        now: Now,
        number: u64,
        outcome: Result<(), String>,
        effects: &mut Vec<Effect>,
    ) {
        if editing::is_own(number) {
            let next = self.editing.kept((number, outcome), &mut self.plant, self.epoch);
            self.go_on_editing(now, next, effects);
            return;
        }
        if keeping::is_own(number) {
            let at = (now.wall, self.epoch);
            let after = self.keeping.kept((number, outcome), &mut self.plant, at, effects);
            self.answers.extend(after);
            self.news = News::Urgent;
            return;
        }
        let assigned = self.assigning.kept(number, &outcome, &mut self.plant, self.epoch);
        self.answers.extend(assigned);
        let floor = ruling::Floor { plant: &mut self.plant, charging: &mut self.charging };
        let after = self.ruling.kept((number, outcome), floor, (now, self.epoch), effects);
        self.answers.extend(after);
        self.news = News::Urgent;
    }
}
