//! A charge as one page of HTML that needs nothing else: to be kept, sent and printed. It has no
//! script and asks for nothing; every text in it is escaped.

use std::fmt::Write as _;

use crate::view::charge::LineView;
use crate::view::report::{PlotView, ReportView};

/// How it looks, on paper first.
const STYLE: &str = "\
:root{color-scheme:light}\
body{font:14px/1.45 Inter,system-ui,sans-serif;color:#111;background:#fff;margin:2rem auto;\
max-width:52rem;padding:0 1rem}\
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}\
p{margin:.25rem 0}.sub{color:#444}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #ddd}\
th{font-weight:600}tbody th{font-weight:400;color:#444;width:16rem}\
td.at{white-space:nowrap;font-variant-numeric:tabular-nums;width:7rem}\
svg{display:block;width:100%;height:auto;margin:.2rem 0}\
svg text{font:11px system-ui,sans-serif;fill:#444}\
.grid{stroke:#ddd;stroke-width:1}.frame{fill:none;stroke:#999}\
.line{fill:none;stroke-width:1.5;stroke-linejoin:round}\
figure{margin:0 0 1rem;break-inside:avoid}figcaption{font-weight:600}\
tr,h2{break-inside:avoid;break-after:auto}h2{break-after:avoid}\
@media print{body{margin:0;max-width:none;font-size:11px}}";
/// Colours of the lines; told apart by their dashes, too.
const LINES: [(&str, &str); 3] = [("#0b5cad", "none"), ("#b3480a", "6 3"), ("#4a4a4a", "2 3")];
/// Room beside a plot for what its marks say.
const LEFT: f64 = 56.0;
const TOP: f64 = 8.0;
const RIGHT: f64 = 24.0;
const BOTTOM: f64 = 22.0;

/// Writes `report` as a page.
#[must_use]
pub fn page(report: &ReportView) -> String {
    let mut out = String::with_capacity(64 * 1024);
    let title = escaped(&report.title);
    // Writing to a text cannot fail.
    let _infallible = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    paragraph(&mut out, "sub", &format!("{}. {}", report.outcome.0, report.outcome_words));
    paragraph(&mut out, "sub", &report.stop_words);
    lines(&mut out, "Summary", &report.summary);
    for (number, plot) in report.plots.iter().enumerate() {
        if number == 0 {
            out.push_str("<h2>Plots</h2>\n");
        }
        figure(&mut out, plot);
    }
    lines(&mut out, "Set points", &report.set_points);
    lines(&mut out, "Limits that the profile had set", &report.rules);
    paragraph(&mut out, "sub", &report.rules_words);
    let governors = report.governors.iter().map(|g| [&*g.from, &*g.until, &*g.label]);
    table(&mut out, "What governed the current", ["From", "Until", "Limit"], governors);
    let events = report.events.iter().map(|event| [&*event.at, &*event.text]);
    table(&mut out, "Events", ["After", "What happened"], events);
    paragraph(&mut out, "sub", &report.made);
    out.push_str("</body>\n</html>\n");
    out
}

fn paragraph(out: &mut String, class: &str, text: &str) {
    if !text.trim().is_empty() {
        let _infallible = writeln!(out, "<p class=\"{class}\">{}</p>", escaped(text));
    }
}

fn lines(out: &mut String, title: &str, lines: &[LineView]) {
    if lines.is_empty() {
        return;
    }
    let _infallible = writeln!(out, "<h2>{}</h2>\n<table><tbody>", escaped(title));
    for LineView { label, text, .. } in lines {
        let (label, text) = (escaped(label), escaped(text));
        let _infallible = writeln!(out, "<tr><th scope=\"row\">{label}</th><td>{text}</td></tr>");
    }
    out.push_str("</tbody></table>\n");
}

fn table<'a, const N: usize>(
    out: &mut String,
    title: &str,
    names: [&str; N],
    rows: impl Iterator<Item = [&'a str; N]>,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let head: String =
        names.map(|name| format!("<th scope=\"col\">{}</th>", escaped(name))).concat();
    let _infallible =
        writeln!(out, "<h2>{}</h2>\n<table><thead><tr>{head}</tr></thead><tbody>", escaped(title));
    for cells in rows {
        out.push_str("<tr>");
        for (place, text) in cells.iter().enumerate() {
            // All but the last are moments.
            let class = if place + 1 < N { " class=\"at\"" } else { "" };
            let _infallible = write!(out, "<td{class}>{}</td>", escaped(text));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
}

fn figure(out: &mut String, plot: &PlotView) {
    let caption = format!("{}, {}", escaped(&plot.title), escaped(&plot.unit));
    if !plot.empty.is_empty() {
        let empty = escaped(&plot.empty);
        let _infallible =
            writeln!(out, "<figure><figcaption>{caption}</figcaption><p>{empty}</p></figure>");
        return;
    }
    let (width, height) = (LEFT + PlotView::WIDTH + RIGHT, TOP + PlotView::HEIGHT + BOTTOM);
    let _infallible = write!(
        out,
        "<figure><figcaption>{caption}{}</figcaption>\n\
         <svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n\
         <g transform=\"translate({LEFT} {TOP})\">\n",
        legend(plot),
        escaped(&plot.spoken)
    );
    let (w, h) = (PlotView::WIDTH, PlotView::HEIGHT);
    for (at, mark) in &plot.values {
        let mark = escaped(mark);
        let _infallible = writeln!(
            out,
            "<path class=\"grid\" d=\"M0 {at:.1}H{w}\"/><text x=\"-6\" y=\"{:.1}\" text-anchor=\"end\">{mark}</text>",
            at + 4.0
        );
    }
    for (at, mark) in &plot.times {
        let mark = escaped(mark);
        let _infallible = writeln!(
            out,
            "<path class=\"grid\" d=\"M{at:.1} 0V{h}\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{mark}</text>",
            h + 16.0
        );
    }
    let _infallible =
        writeln!(out, "<rect class=\"frame\" x=\"0\" y=\"0\" width=\"{w}\" height=\"{h}\"/>");
    for (line, (colour, dashes)) in plot.lines.iter().zip(LINES.into_iter().cycle()) {
        let path = escaped(&line.path);
        let _infallible = writeln!(
            out,
            "<path class=\"line\" stroke=\"{colour}\" stroke-dasharray=\"{dashes}\" d=\"{path}\"/>"
        );
    }
    out.push_str("</g>\n</svg></figure>\n");
}

/// Which line is which, where there is more than one.
fn legend(plot: &PlotView) -> String {
    if plot.lines.len() < 2 {
        return String::new();
    }
    let drawn = ["drawn through", "dashed", "dotted"];
    let names = plot.lines.iter().zip(drawn.into_iter().cycle());
    let names: Vec<String> =
        names.map(|(line, how)| format!("{} {how}", escaped(&line.label))).collect();
    format!(" ({})", names.join(", "))
}

/// A text that cannot end an element or an attribute. Control characters, which no page may hold,
/// become a mark.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            control if control.is_control() && control != '\n' && control != '\t' => {
                out.push('\u{fffd}');
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::base::time::Wall;
    use crate::engine::ChargeReport;
    use crate::view::compose::report::report;
    use crate::view::fixtures::charge_report;

    fn made(charge: &ChargeReport) -> String {
        page(&report(charge, &TimeZone::UTC, Wall::from_nanos(1_700_010_000_000_000_000)))
    }

    #[test]
    fn the_page_says_what_the_report_says() {
        crate::engine::testing::golden("view/charge-report.html", &made(&charge_report()));
    }

    #[test]
    fn no_text_becomes_a_part_of_the_page() {
        let evil = "\"'><script>alert(1)</script>&\u{7}\u{0}";
        let mut charge = charge_report();
        for text in [
            &mut charge.pack,
            &mut charge.charger,
            &mut charge.by,
            &mut charge.face,
            &mut charge.outcome,
            &mut charge.outcome_words,
            &mut charge.stop_words,
        ] {
            *text = evil.to_owned();
        }
        charge.rules = vec![(evil.to_owned(), 1.0)];
        charge.governors = vec![(0.0, evil.to_owned())];
        charge.events = vec![crate::engine::ReportEvent { seconds: 0.0, text: evil.to_owned() }];
        let page = made(&charge);
        assert!(!page.contains("<script") && !page.contains(evil), "{page}");
        assert!(page.matches("&lt;script&gt;").count() >= 9);
        assert!(!page.contains('\u{7}') && !page.contains('\u{0}'));
    }

    #[test]
    fn the_page_asks_for_nothing_and_every_element_is_closed() {
        let page = made(&charge_report());
        for word in ["<script", "src=", "href=", "url(", "@import", "http://", "https://", " on"] {
            let found = page.split('<').find(|part| {
                part.split('>').next().is_some_and(|tag| format!("<{tag}").contains(word))
            });
            assert_eq!(found, None, "{word}");
        }
        for name in ["html", "head", "body", "table", "tbody", "tr", "svg", "figure", "g", "p"] {
            let opened = page.matches(&format!("<{name}>")).count()
                + page.matches(&format!("<{name} ")).count();
            assert_eq!(opened, page.matches(&format!("</{name}>")).count(), "{name}");
        }
    }

    #[test]
    fn a_charge_that_never_flowed_is_a_page_too() {
        let page = made(&ChargeReport { pack: "Yard".into(), ..ChargeReport::default() });
        assert!(page.contains("There are too few values to draw.") && page.contains("Running"));
    }
}
