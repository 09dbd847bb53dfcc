//! What Busbar takes from the system when it runs, and which package brings it: the libraries that a window
//! loads, the kernel's CAN, the portal behind file dialogs. Looks into folders; loads and opens nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::engine::store::checkup::{Finding, Health};

/// How a window gets onto the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Screen {
    /// By X11.
    X11,
    /// By Wayland.
    Wayland,
}

/// A library that is loaded when it is needed, so that no tool sees that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Library {
    /// Its file.
    pub file: &'static str,
    /// The package that brings it on Debian and what is made of it.
    pub deb: &'static str,
    /// The package that brings it on Fedora and its like.
    pub rpm: &'static str,
}

const fn library(file: &'static str, deb: &'static str, rpm: &'static str) -> Library {
    Library { file, deb, rpm }
}

const GLX: Library = library("libGL.so.1", "libgl1", "libglvnd-glx");
const EGL: Library = library("libEGL.so.1", "libegl1", "libglvnd-egl");
const KEYBOARD: Library = library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon");

const ON_X11: [Library; 8] = [
    library("libX11.so.6", "libx11-6", "libX11"),
    library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb"),
    library("libXcursor.so.1", "libxcursor1", "libXcursor"),
    library("libXi.so.6", "libxi6", "libXi"),
    KEYBOARD,
    library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11"),
    GLX,
    EGL,
];

const ON_WAYLAND: [Library; 4] = [
    library("libwayland-client.so.0", "libwayland-client0", "libwayland-client"),
    library("libwayland-egl.so.1", "libwayland-egl1", "libwayland-egl"),
    KEYBOARD,
    EGL,
];

/// What there is of the kernel's CAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum KernelCan {
    /// It is in use, or the kernel loads it when it is asked for.
    There,
    /// Neither the kernel nor its modules have it.
    Absent,
}

/// What was looked for. The default is a system that is not Linux, where nothing is to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// The kernel's CAN, where this build uses it.
    pub can: Option<KernelCan>,
    /// The display that is named, where this build has a window.
    pub screen: Option<Screen>,
    /// What a window there lacks.
    pub libraries: Vec<Library>,
    /// Whether file dialogs have a portal; nothing where there is no display.
    pub portal: Option<bool>,
    /// Whether packages come by apt.
    pub apt: bool,
}

impl Needs {
    /// Looks at this process and this system.
    #[must_use]
    pub fn look() -> Self {
        if !cfg!(target_os = "linux") {
            return Self::default();
        }
        let screen = if cfg!(feature = "desktop") { named_screen() } else { None };
        let root = Path::new("/");
        Self {
            can: cfg!(feature = "socketcan").then(|| kernel(root)),
            screen,
            libraries: screen.map_or_else(Vec::new, |screen| {
                folders(root).map_or_else(Vec::new, |folders| lacking(screen, &folders))
            }),
            portal: screen.map(|_| portal(root)),
            apt: has_apt(root),
        }
    }

    /// What is to be said of it, for the check-up.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        found.extend(self.can.map(|can| match can {
            KernelCan::There => finding("kernel", Health::Ok, "The kernel has CAN.", None),
            KernelCan::Absent => {
                let text = "The kernel has no CAN: adapters as interfaces (can0) and virtual buses (vcan0) cannot be used here.";
                finding("kernel", Health::Ok, text, Some(self.kernel_advice()))
            }
        }));
        if self.screen.is_some() {
            found.push(match self.missing() {
                None => finding("window", Health::Ok, "A window has all its libraries.", None),
                Some((files, advice)) => {
                    let text = format!("A window cannot be opened without {files}.");
                    finding("window", Health::Warning, &text, Some(&advice))
                }
            });
        }
        if self.portal == Some(false) {
            let text = "There is no portal, so that no file dialog opens: paths are typed.";
            let advice = "Install xdg-desktop-portal and the one of its back ends that fits the desktop (xdg-desktop-portal-gtk, -kde, -gnome).";
            found.push(finding("dialogs", Health::Ok, text, Some(advice)));
        }
        found
    }

    /// The files that a window lacks, and the command that brings them; nothing where it lacks nothing.
    #[must_use]
    pub fn missing(&self) -> Option<(String, String)> {
        if self.libraries.is_empty() {
            return None;
        }
        let files: Vec<&str> = self.libraries.iter().map(|one| one.file).collect();
        let packages: Vec<&str> =
            self.libraries.iter().map(|one| if self.apt { one.deb } else { one.rpm }).collect();
        let command = if self.apt { "apt-get" } else { "dnf" };
        let advice = format!("Run `sudo {command} install {}`.", packages.join(" "));
        Some((files.join(", "), advice))
    }

    const fn kernel_advice(&self) -> &'static str {
        if self.apt {
            "Install linux-image-amd64 (Debian; its cloud kernels have none) or linux-modules-extra (Ubuntu) and restart. Adapters on serial ports and the demo work without."
        } else {
            "Install a kernel whose modules have can-raw (on Fedora kernel-modules) and restart. Adapters on serial ports and the demo work without."
        }
    }
}

fn finding(check: &'static str, health: Health, text: &str, advice: Option<&str>) -> Finding {
    Finding { check, health, text: text.to_owned(), advice: advice.map(str::to_owned) }
}

/// The display that the environment names.
#[must_use]
pub fn named_screen() -> Option<Screen> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("WAYLAND_DISPLAY") || set("WAYLAND_SOCKET") {
        return Some(Screen::Wayland);
    }
    set("DISPLAY").then_some(Screen::X11)
}

/// Where libraries lie; nothing where that is not known, so that absence would mean nothing.
fn folders(root: &Path) -> Option<Vec<PathBuf>> {
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let usual =
        [format!("usr/lib/{triple}"), format!("lib/{triple}"), "usr/lib64".into(), "lib64".into()];
    let usual: Vec<PathBuf> = usual.iter().map(|folder| root.join(folder)).collect();
    if !usual.iter().any(|folder| folder.join("libc.so.6").exists()) {
        return None;
    }
    let extra = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let mut all: Vec<PathBuf> = std::env::split_paths(&extra).collect();
    all.extend(usual);
    all.extend([root.join("usr/local/lib"), root.join("usr/lib")]);
    Some(all)
}

/// What a window lacks in these folders.
fn lacking(screen: Screen, folders: &[PathBuf]) -> Vec<Library> {
    let there = |one: &Library| folders.iter().any(|folder| folder.join(one.file).exists());
    let wanted: &[Library] = match screen {
        Screen::X11 => &ON_X11,
        Screen::Wayland => &ON_WAYLAND,
    };
    // X11 has two ways into OpenGL, of which either is enough.
    let has_gl = screen == Screen::X11 && (there(&GLX) || there(&EGL));
    let gl = |one: &Library| *one == GLX || *one == EGL;
    let found = |one: &Library| there(one) || has_gl && gl(one);
    wanted.iter().filter(|one| !found(one)).copied().collect()
}

/// Whether the kernel has CAN in use, built in or as a module.
fn kernel(root: &Path) -> KernelCan {
    if root.join("proc/net/can").exists() || root.join("sys/module/can_raw").exists() {
        return KernelCan::There;
    }
    let release = std::fs::read_to_string(root.join("proc/sys/kernel/osrelease"));
    let release = release.unwrap_or_default();
    let there = ["lib/modules", "usr/lib/modules"].iter().any(|folder| {
        let modules = root.join(folder).join(release.trim());
        let names = ["modules.dep", "modules.builtin"];
        let mut lists =
            names.iter().filter_map(|name| std::fs::read_to_string(modules.join(name)).ok());
        lists.any(|list| list.contains("/can-raw.ko"))
    });
    if there { KernelCan::There } else { KernelCan::Absent }
}

fn portal(root: &Path) -> bool {
    root.join("usr/share/dbus-1/services/org.freedesktop.portal.Desktop.service").exists()
}

fn has_apt(root: &Path) -> bool {
    root.join("usr/bin/apt-get").exists() || !root.join("usr/bin/dnf").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        root
    }

    fn files_of(libraries: &[Library]) -> Vec<&'static str> {
        libraries.iter().map(|one| one.file).collect()
    }

    #[test]
    fn what_a_window_lacks_is_named_file_by_file() {
        let root = with(&files_of(&ON_X11));
        let folders = [root.path().to_owned()];
        assert_eq!(lacking(Screen::X11, &folders), []);
        std::fs::remove_file(root.path().join("libEGL.so.1")).unwrap();
        assert_eq!(lacking(Screen::X11, &folders), [], "GL without EGL is enough");
        std::fs::remove_file(root.path().join("libGL.so.1")).unwrap();
        std::fs::remove_file(root.path().join("libXi.so.6")).unwrap();
        let lacks = files_of(&lacking(Screen::X11, &folders));
        assert_eq!(lacks, ["libXi.so.6", "libGL.so.1", "libEGL.so.1"]);
        let lacks = files_of(&lacking(Screen::Wayland, &folders));
        assert_eq!(lacks, ["libwayland-client.so.0", "libwayland-egl.so.1", "libEGL.so.1"]);
    }

    #[test]
    fn packages_are_those_of_the_system() {
        let needs = Needs { libraries: vec![GLX, KEYBOARD], apt: true, ..Needs::default() };
        let (files, advice) = needs.missing().unwrap();
        assert_eq!(files, "libGL.so.1, libxkbcommon.so.0");
        assert_eq!(advice, "Run `sudo apt-get install libgl1 libxkbcommon0`.");
        let (_, advice) = Needs { apt: false, ..needs }.missing().unwrap();
        assert_eq!(advice, "Run `sudo dnf install libglvnd-glx libxkbcommon`.");
        assert_eq!(Needs::default().missing(), None);
        assert!(has_apt(with(&["usr/bin/apt-get"]).path()));
        assert!(!has_apt(with(&["usr/bin/dnf"]).path()));
    }

    #[test]
    fn folders_that_are_not_known_prove_nothing() {
        assert_eq!(folders(with(&["usr/lib/libc.so.6"]).path()), None);
        let root = with(&["usr/lib64/libc.so.6"]);
        assert!(folders(root.path()).unwrap().contains(&root.path().join("usr/lib64")));
    }

    #[test]
    fn the_kernel_has_can_in_use_as_a_module_or_built_in() {
        assert_eq!(kernel(with(&[]).path()), KernelCan::Absent);
        assert_eq!(kernel(with(&["proc/net/can/stats"]).path()), KernelCan::There);
        let root = with(&["proc/sys/kernel/osrelease", "lib/modules/6.1.0-7/modules.dep"]);
        std::fs::write(root.path().join("proc/sys/kernel/osrelease"), "6.1.0-7\n").unwrap();
        assert_eq!(kernel(root.path()), KernelCan::Absent);
        let list = "kernel/net/can/can.ko:\nkernel/net/can/can-raw.ko.xz: kernel/net/can/can.ko\n";
        std::fs::write(root.path().join("lib/modules/6.1.0-7/modules.dep"), list).unwrap();
        assert_eq!(kernel(root.path()), KernelCan::There);
    }

    #[test]
    fn findings_say_what_to_install() {
        let needs = Needs {
            can: Some(KernelCan::Absent),
            screen: Some(Screen::X11),
            libraries: vec![GLX],
            portal: Some(false),
            apt: true,
        };
        let found = needs.findings();
        let said: Vec<_> = found.iter().map(|one| (one.check, one.health)).collect();
        // What is only worth knowing does not spoil the check-up of a system that is used without it.
        assert_eq!(
            said,
            [("kernel", Health::Ok), ("window", Health::Warning), ("dialogs", Health::Ok)]
        );
        assert_eq!(found[0].advice.as_deref(), Some(needs.kernel_advice()));
        assert!(found[1].text.contains("libGL.so.1"), "{}", found[1].text);
        let well =
            Needs { can: Some(KernelCan::There), libraries: vec![], portal: Some(true), ..needs };
        let advice: Vec<_> = well.findings().into_iter().map(|one| one.advice).collect();
        assert_eq!(advice, [None, None]);
        assert_eq!(Needs::default().findings(), []);
    }
}
