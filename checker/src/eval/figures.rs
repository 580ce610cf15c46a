//! What came of all the questions, in numbers.

use std::str::FromStr;

use serde::Serialize;

use super::judge::Verdict;
use super::model::Usage;

/// What came of all the questions.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// A row for each question.
    pub rows: Vec<Row>,
    /// The tokens of all of them.
    pub usage: Usage,
}

/// One question, and what the model did each time.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The user's words.
    pub question: String,
    /// What the model did, as often as it was asked.
    pub verdicts: Vec<Verdict>,
}

/// How often each thing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// How often the model was asked.
    pub asked: usize,
    /// It did what was expected.
    pub hits: usize,
    /// It wanted to call another tool.
    pub wrong_tools: usize,
    /// It wanted to call the right tool with other arguments.
    pub wrong_arguments: usize,
    /// It called nothing, and should have.
    pub no_calls: usize,
    /// It gave no answer.
    pub no_answers: usize,
}

impl Row {
    /// How often the model did what was expected.
    pub fn hits(&self) -> usize {
        let hits = self.verdicts.iter();
        hits.filter(|verdict| **verdict == Verdict::Hit).count()
    }

    /// What it did most often of what was not expected, and how often: the first such, where several
    /// are as frequent.
    pub fn miss(&self) -> Option<(&Verdict, usize)> {
        let mut most: Option<(&Verdict, usize)> = None;
        for verdict in &self.verdicts {
            let times = self.verdicts.iter().filter(|one| *one == verdict).count();
            if *verdict != Verdict::Hit && most.is_none_or(|(_, before)| before < times) {
                most = Some((verdict, times));
            }
        }
        most
    }
}

impl Figures {
    /// How often each thing happened.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for verdict in self.rows.iter().flat_map(|row| &row.verdicts) {
            counts.asked += 1;
            *match verdict {
                Verdict::Hit => &mut counts.hits,
                Verdict::WrongTool(_) => &mut counts.wrong_tools,
                Verdict::WrongArguments(_) => &mut counts.wrong_arguments,
                Verdict::NoCall(_) => &mut counts.no_calls,
                Verdict::NoAnswer(_) => &mut counts.no_answers,
            } += 1;
        }
        counts
    }
}

impl Counts {
    /// The hits of a hundred answers.
    pub fn percent(&self) -> f64 {
        // Nobody asks 2^52 questions.
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let ratio = self.hits as f64 / self.asked.max(1) as f64;
        ratio * 100.0
    }
}

/// What an endpoint charges, in dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// For tokens that are sent.
    pub sent: f64,
    /// For tokens that come back.
    pub received: f64,
}

impl Prices {
    /// What these tokens cost, in dollars.
    pub fn of(&self, usage: Usage) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a price is no exact thing")]
        let [sent, received] = [usage.sent as f64, usage.received as f64];
        (self.sent * sent + self.received * received) / 1e6
    }
}

impl FromStr for Prices {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let price = |text: &str| {
            let price: f64 = text.trim().parse().ok()?;
            (price.is_finite() && price >= 0.0).then_some(price)
        };
        let prices = text.split_once('/');
        let prices = prices.and_then(|(sent, received)| {
            Some(Self {
                sent: price(sent)?,
                received: price(received)?,
            })
        });
        prices.ok_or(
            "expected two prices in dollars per million tokens, sent and received, as in 0.25/2.00",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_two_numbers() {
        let usage = Usage {
            sent: 2_000_000,
            received: 500_000,
        };
        let prices: Prices = "0.25/2".parse().unwrap();
        assert!((prices.of(usage) - 1.5).abs() < 1e-9);
        for wrong in [
            "", "1", "1/", "/1", "a/b", "-1/1", "inf/1", "NaN/1", "1/2/3",
        ] {
            assert!(wrong.parse::<Prices>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_most_frequent_miss_is_the_one_that_is_shown() {
        let no_call = Verdict::NoCall(String::new());
        let tool = Verdict::WrongTool("buy {}".to_owned());
        let row = |verdicts: &[&Verdict]| Row {
            question: String::new(),
            verdicts: verdicts.iter().map(|verdict| (*verdict).clone()).collect(),
        };
        let mixed = row(&[&Verdict::Hit, &no_call, &tool, &tool, &Verdict::Hit]);
        assert_eq!((mixed.hits(), mixed.miss()), (2, Some((&tool, 2))));
        assert_eq!(row(&[&no_call, &tool]).miss(), Some((&no_call, 1)));
        assert_eq!(row(&[&Verdict::Hit]).miss(), None);
    }
}
