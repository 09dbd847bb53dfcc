//! How long a pack waits for its messages, and how it is wired.

use std::time::Duration;

use crate::base::reading::Patience;
use crate::engine::device::battery::{BatteryMap, BatterySignal};
use crate::engine::device::{Category, Device, Kind, Manifest, Rate, Tells};

/// What a pack model is set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PackSettings {
    /// For messages sent ten times a second.
    pub fast: Patience,
    /// For messages sent once a second.
    pub slow: Patience,
    /// For the modules' messages, whose clocks run free.
    pub modules: Patience,
    /// Time between two messages of the fast ones.
    pub period: Duration,
    /// Parallel strings, at least 1.
    pub strings: u16,
    /// What its kind tells at all.
    pub tells: Tells,
}

impl Default for PackSettings {
    fn default() -> Self {
        let ms = |late, lost| Patience {
            late: Duration::from_millis(late),
            lost: Duration::from_millis(lost),
        };
        Self {
            fast: ms(300, 1000),
            slow: ms(1500, 5000),
            modules: ms(1500, 5000),
            period: Duration::from_millis(100),
            strings: 1,
            tells: Tells::D1000_GEN1,
        }
    }
}

impl PackSettings {
    /// As the manifest of the kind says: its groups `fast`, `slow` and `modules`, or those of the messages
    /// that signals of the battery were mapped in.
    #[must_use]
    pub fn of(manifest: &Manifest, strings: u16) -> Self {
        let plain = Self::default();
        let [fast, slow, modules] = match &manifest.battery {
            None => ["fast", "slow", "modules"].map(|name| manifest.rate(name)),
            Some(map) => mapped(manifest, map),
        };
        let group = |rate: Option<&Rate>, plain| rate.map_or(plain, Rate::patience);
        Self {
            fast: group(fast, plain.fast),
            slow: group(slow, plain.slow),
            modules: group(modules, plain.modules),
            period: fast.map_or(plain.period, |rate| Duration::from_millis(rate.period_ms)),
            strings: strings.max(1),
            tells: plain.tells,
        }
    }

    /// As the manifest of a device's kind says, and what the device tells as it is set.
    #[must_use]
    pub fn of_device(device: &Device) -> Self {
        let settings = Self::of(&device.kind().manifest, device.settings().strings);
        Self { tells: device.tells(), ..settings }
    }

    /// With a component's own times until late and lost. They are meant for the fastest messages;
    /// slower ones never get less than their own times.
    #[must_use]
    pub fn with_patience(mut self, own: Patience) -> Self {
        let longer = |group: Patience| Patience {
            late: group.late.max(own.late),
            lost: group.lost.max(own.lost),
        };
        self.fast = own;
        self.slow = longer(self.slow);
        self.modules = longer(self.modules);
        self
    }
}

/// The groups of the messages with voltage and current, with the charge, with cells and temperatures: of
/// each the slowest, so that none of its values is late before its message is. A group without one has that
/// of all.
fn mapped<'m>(manifest: &'m Manifest, map: &BatteryMap) -> [Option<&'m Rate>; 3] {
    let mut groups = [None::<&Rate>; 3];
    for (what, message, ..) in map.all() {
        let [fast, slow, modules] = &mut groups;
        let group = match what {
            BatterySignal::Voltage | BatterySignal::Current => fast,
            BatterySignal::Soc => slow,
            BatterySignal::Cell(_) | BatterySignal::Temperature(_) => modules,
        };
        let rate = manifest.rates.iter().find(|rate| rate.covers(message));
        *group = group.take().into_iter().chain(rate).max_by_key(|rate| rate.period_ms);
    }
    let slowest = groups.into_iter().flatten().max_by_key(|rate| rate.period_ms);
    groups.map(|rate| rate.or(slowest))
}

/// How long a kind may usually be silent: by the messages that its presence is judged by.
#[must_use]
pub fn usual_patience(kind: &Kind) -> Patience {
    let named = match kind.manifest.category {
        Category::Battery => return PackSettings::of(&kind.manifest, 1).fast,
        Category::Charger => "status",
        Category::DriverControls
        | Category::MotorController
        | Category::Solar
        | Category::Sensor
        | Category::Custom => "fast",
    };
    let rate = kind.manifest.rate(named).or_else(|| kind.manifest.rates.first());
    rate.map_or_else(|| PackSettings::default().fast, Rate::patience)
}
