//! Every theme has every role, can be read, and gives way to `NO_COLOR`.

use super::*;

const ROLES: [Role; 15] = [
    Role::Ground,
    Role::Strong,
    Role::Dim,
    Role::Bar,
    Role::Warning,
    Role::Chip,
    Role::Selected,
    Role::Title,
    Role::Sorted,
    Role::Key,
    Role::Fading,
    Role::Share,
    Role::Spark,
    Role::Sum,
    Role::Error,
];

fn environment<'a>(set: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
    move |asked| set.iter().find(|(name, _)| *name == asked).map(|(_, value)| value.into())
}

fn named(name: Name, set: &[(&str, &str)]) -> Theme {
    Theme::of(name, environment(set))
}

#[test]
fn the_environment_can_say_no_to_colours() {
    let theme = |name: &str, value: &str| Theme::of(Name::Auto, environment(&[(name, value)]));
    assert_eq!(theme("NO_COLOR", "1"), Theme::plain());
    assert_eq!(theme("NO_COLOR", ""), Theme::colour());
    assert_eq!(theme("TERM", "dumb"), Theme::plain());
    assert_eq!(theme("TERM", "xterm"), Theme::colour());
    for name in Name::ALL {
        let theme = named(name, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
        assert_eq!(theme, Theme::plain(), "{name:?}");
        for role in ROLES {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{name:?} {role:?}");
        }
    }
}

#[test]
fn a_theme_has_as_many_colours_as_the_terminal() {
    let bar = |set: &[(&str, &str)]| named(Name::Dark, set).bar().fg;
    assert_eq!(bar(&[("COLORTERM", "truecolor")]), Some(Color::Rgb(0x5f, 0xaf, 0xd7)));
    assert_eq!(bar(&[("COLORTERM", "24bit"), ("TERM", "x")]), bar(&[("TERM", "xterm-direct")]));
    assert_eq!(bar(&[("TERM", "xterm-256color")]), Some(Color::Indexed(74)));
    assert_eq!(bar(&[("TERM", "linux")]), Some(Color::Cyan));
    assert_eq!(named(Name::Auto, &[("COLORTERM", "truecolor")]), Theme::colour());
    assert_eq!(named(Name::None, &[]), Theme::plain());
}

/// The table has each role once, and the marks that carry what colour must not carry alone.
#[test]
fn every_theme_has_every_role() {
    for role in ROLES {
        assert_eq!(TABLE.iter().filter(|row| row.role == role).count(), 1, "{role:?}");
    }
    for name in Name::ALL {
        for set in [&[("COLORTERM", "truecolor")][..], &[("TERM", "xterm-256color")], &[]] {
            let theme = named(name, set);
            for role in ROLES {
                let (marks, plain) =
                    (theme.style(role).add_modifier, Theme::plain().style(role).add_modifier);
                assert_eq!(marks - DIM, plain - DIM, "{name:?} {role:?}");
                let grey = plain.contains(DIM) && !marks.contains(DIM);
                assert!(!grey || theme.style(role).fg.is_some(), "{name:?} {role:?} is not dim");
                let rich =
                    !set.is_empty() && !matches!(name, Name::Auto | Name::Sixteen | Name::None);
                assert!(!rich || theme.style(role).fg.is_some(), "{name:?} {role:?} has no colour");
            }
        }
    }
}

/// Red, green and blue of a colour that is not the terminal's own.
fn rgb(colour: Color) -> [u8; 3] {
    match colour {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(grey @ 232..) => [8 + 10 * (grey - 232); 3],
        Color::Indexed(index @ 16..) => {
            let step = |index: u8| [0, 95, 135, 175, 215, 255][usize::from(index % 6)];
            [step((index - 16) / 36), step((index - 16) / 6), step(index - 16)]
        }
        other => panic!("{other} is the terminal's own"),
    }
}

/// Of two colours: <https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio>
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let luminance = |colour: [u8; 3]| -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        colour.into_iter().zip([0.2126, 0.7152, 0.0722]).map(|(part, k)| k * linear(part)).sum()
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn black_on_white_is_21_to_1() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
    // Known from WCAG's own techniques: #767676 on white is 4.54 to 1.
    assert!((contrast([0x76; 3], [255; 3]) - 4.54).abs() < 0.005);
}

/// Text can be read on the theme's ground, turned round or not: 4.5 to 1 (WCAG AA), and 7 to 1
/// (AAA) where the theme is called after it.
#[test]
fn every_role_can_be_read() {
    for (name, least) in
        [(Name::Dark, 4.5), (Name::Light, 4.5), (Name::HighContrast, 7.0), (Name::ColourBlind, 4.5)]
    {
        for set in [("COLORTERM", "truecolor"), ("TERM", "xterm-256color")] {
            let theme = named(name, &[set]);
            let ground = rgb(theme.ground().bg.unwrap());
            for role in ROLES {
                let ratio = contrast(rgb(theme.style(role).fg.unwrap()), ground);
                assert!(ratio >= least, "{name:?} {set:?} {role:?}: {ratio:.2} to 1");
            }
        }
    }
}
