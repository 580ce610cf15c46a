//! Whether a chart has one bar for each product, as long as its stock.

use super::names::{self, Named};
use super::page::Bar;
use crate::checks::Checked;
use crate::checks::store::question;
use crate::checks::store::shop::{Product, quoted};
use crate::verdict::{Code, Finding};

/// Borders and roundings, in pixels.
const TOLERANCE: f64 = 4.0;

/// The same as a part of the longest bar.
const PART: f64 = 0.03;

/// The longest bar is at least this long, in pixels: less cannot be read.
const SHORTEST: f64 = 24.0;

/// A bar says this instead of 0.
const NOTHING_LEFT: [&str; 4] = ["sold out", "out of stock", "none", "nothing"];

/// That these bars are those of the products, and none is left of those that are gone.
pub fn fit(bars: &[Bar], products: &[Product], gone: &[Product]) -> Checked {
    let texts: Vec<Named<'_>> = bars
        .iter()
        .map(|bar| Named::of(&bar.label, &bar.label, products))
        .collect();
    names::nothing_stale(bars.iter().map(|bar| bar.label.as_str()), products, gone)?;
    let mut own = Vec::new();
    for product in products {
        let mut mine = bars
            .iter()
            .zip(&texts)
            .filter(|(_, named)| named.is_only(product));
        let Some((bar, named)) = mine.next() else {
            return Err(missing(bars, product).into());
        };
        let others = mine.count();
        if others > 0 {
            return Err(names::twice("bar", product, others + 1));
        }
        says_the_stock(bar, &named.rest, product)?;
        own.push((product, bar));
    }
    in_proportion(&own)
}

fn missing(bars: &[Bar], product: &Product) -> Finding {
    let labels: Vec<String> = bars.iter().take(5).map(|bar| quoted(&bar.label)).collect();
    let as_html = names::as_html(product);
    if let Some(bare) = as_html.filter(|bare| bars.iter().any(|bar| bar.label.contains(bare))) {
        return names::taken_for_html(product, &bare);
    }
    let got = match labels.as_slice() {
        [] => "no element with role=\"img\"".to_owned(),
        labels => format!("bars labeled {}", labels.join(", ")),
    };
    Finding::new(Code::BarMissing)
        .expected(format!(
            "a bar for each product: an element with role=\"img\", and an aria-label with its name and stock, such as {}",
            quoted(&format!("{}: {} left", product.name, product.stock))
        ))
        .got(got)
        .why("People who cannot see the bar rely on its label. So does the checker.")
}

fn says_the_stock(bar: &Bar, rest: &str, product: &Product) -> Checked {
    let none = product.stock == 0 && {
        let rest = rest.to_lowercase();
        NOTHING_LEFT.iter().any(|word| rest.contains(word))
    };
    if none || question::counts(rest, product.stock) {
        return Ok(());
    }
    Err(Finding::new(Code::BarLabel)
        .expected(format!(
            "the stock of {:?} in its aria-label: {}",
            product.name, product.stock
        ))
        .got(quoted(&bar.label))
        .why("A bar's length is easy to compare, but hard to read as a number. The label says the number.")
        .into())
}

/// That the bars are as long as the stock, all by their width or all by their height.
fn in_proportion(bars: &[(&Product, &Bar)]) -> Checked {
    let width: fn(&Bar) -> f64 = |bar| bar.width;
    let height: fn(&Bar) -> f64 = |bar| bar.height;
    let Some((most, longest)) = bars.iter().max_by_key(|(product, _)| product.stock) else {
        return Ok(());
    };
    if most.stock == 0 {
        return Ok(());
    }
    let wrong = |length: fn(&Bar) -> f64| {
        bars.iter()
            .filter_map(|(product, bar)| {
                // As near as a pixel can be.
                #[expect(clippy::cast_precision_loss)]
                let part = product.stock as f64 / most.stock as f64;
                let whole = length(longest);
                let off = (length(bar) - part * whole).abs();
                let allowed = match product.stock {
                    0 => TOLERANCE,
                    _ => TOLERANCE.max(PART * whole),
                };
                (off > allowed).then_some((
                    off / whole.max(1.0),
                    *product,
                    length(bar),
                    part * whole,
                ))
            })
            .max_by(|one, other| one.0.total_cmp(&other.0))
    };
    let long_enough = |length: fn(&Bar) -> f64| length(longest) >= SHORTEST;
    let finding = Finding::new(Code::BarOutOfProportion)
        .why("People read a bar chart by the lengths of its bars. The element with role=\"img\" is the bar itself. Its width or height must be proportional to the stock.");
    let sides = [("wide", width), ("high", height)].into_iter();
    let sides: Vec<_> = sides
        .filter(|(_, length)| long_enough(*length))
        .map(|(word, length)| (word, length, wrong(length)))
        .collect();
    if sides.iter().any(|(_, _, wrong)| wrong.is_none()) {
        return Ok(());
    }
    let nearest = sides
        .iter()
        .filter_map(|(word, length, wrong)| Some((word, length, wrong.as_ref()?)))
        .min_by(|one, other| one.2.0.total_cmp(&other.2.0));
    let Some((word, length, (_, product, is, should))) = nearest else {
        return Err(finding
            .expected(format!(
                "a bar of at least {SHORTEST} pixels for {:?}, which has the highest stock",
                most.name
            ))
            .got(format!(
                "{:.0} × {:.0} pixels",
                longest.width, longest.height
            ))
            .into());
    };
    Err(finding
        .expected(format!(
            "a bar {should:.0} pixels {word} for {:?} ({} left), because the bar for {:?} ({} left) is {:.0} pixels {word}",
            product.name,
            product.stock,
            most.name,
            most.stock,
            length(longest)
        ))
        .got(format!("{is:.0} pixels"))
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Stop;

    fn product(name: &str, stock: i64) -> Product {
        Product {
            name: name.to_owned(),
            price_cents: 100,
            stock,
        }
    }

    fn bar(label: &str, width: f64, height: f64) -> Bar {
        let label = label.to_owned();
        Bar {
            label,
            width,
            height,
        }
    }

    fn code(checked: Checked) -> Option<Code> {
        match checked {
            Err(Stop::Failed(finding)) => Some(finding.code),
            _ => None,
        }
    }

    #[test]
    fn bars_lie_or_stand_and_have_borders() {
        let products = [
            product("Tea", 12),
            product("Green tea", 3),
            product("Salt", 0),
        ];
        let lying = [
            bar("Tea: 12", 602.0, 20.0),
            bar("Green tea: 3", 152.0, 20.0),
            bar("Salt: 0", 2.0, 20.0),
        ];
        let standing = [
            bar("12 × Tea", 40.0, 240.0),
            bar("3 × Green tea", 40.0, 60.0),
            bar("Salt, sold out", 40.0, 0.0),
        ];
        assert!(fit(&lying, &products, &[]).is_ok());
        assert!(fit(&standing, &products, &[]).is_ok());
        // A picture around all of them is nobody's.
        let mut all = lying.to_vec();
        all.push(bar("Tea, Green tea and Salt", 700.0, 300.0));
        assert!(fit(&all, &products, &[]).is_ok());
    }

    #[test]
    fn each_mistake_has_its_code() {
        let products = [product("Tea", 12), product("Salt", 3)];
        let right = || vec![bar("Tea: 12", 600.0, 20.0), bar("Salt: 3", 150.0, 20.0)];
        let with = |change: &dyn Fn(&mut Vec<Bar>)| {
            let mut bars = right();
            change(&mut bars);
            code(fit(&bars, &products, &[product("Rye", 1)]))
        };
        assert_eq!(with(&|_| ()), None);
        assert_eq!(
            with(&|bars| bars[1].width = 600.0),
            Some(Code::BarOutOfProportion)
        );
        assert_eq!(
            with(&|bars| bars[0].width = 4.0),
            Some(Code::BarOutOfProportion)
        );
        assert_eq!(
            with(&|bars| bars[1].label = "Salt".to_owned()),
            Some(Code::BarLabel)
        );
        assert_eq!(
            with(&|bars| bars[1].label = "Salt: 30".to_owned()),
            Some(Code::BarLabel)
        );
        assert_eq!(with(&|bars| drop(bars.pop())), Some(Code::BarMissing));
        assert_eq!(with(&|bars| bars.extend(right())), Some(Code::DrawnTwice));
        assert_eq!(
            with(&|bars| bars.push(bar("Rye: 1", 9.0, 9.0))),
            Some(Code::NotRedrawn)
        );
    }
}
