//! Medians, spreads, and whether a ratio may be printed.

use serde::Serialize;

/// Above this spread of the reference, a ratio says nothing.
pub(crate) const MOST_SPREAD: f64 = 0.20;

/// The same quantity in each round.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    /// Returns the median, of an even number the mean of the middle two; `None` without a round.
    #[must_use]
    pub(crate) fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        if sorted.len() % 2 == 1 {
            return Some(upper);
        }
        Some(f64::midpoint(*sorted.get(middle - 1)?, upper))
    }

    /// Multiplies each round.
    #[must_use]
    pub(crate) fn times(&self, factor: u64) -> Self {
        self.0.iter().map(|value| value * factor as f64).collect()
    }

    /// Returns how far the rounds are apart: the greatest less the least, as a part of the median.
    #[must_use]
    pub(crate) fn spread(&self) -> Option<f64> {
        let greatest = self.0.iter().copied().max_by(f64::total_cmp)?;
        let least = self.0.iter().copied().min_by(f64::total_cmp)?;
        let spread = (greatest - least) / self.median()?;
        spread.is_finite().then_some(spread)
    }
}

impl FromIterator<f64> for Rounds {
    fn from_iter<T: IntoIterator<Item = f64>>(rounds: T) -> Self {
        Self(rounds.into_iter().collect())
    }
}

/// What a ratio must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Wanted {
    fn is_met(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
        }
    }
}

/// What may be said of a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The ratio of the medians, and whether it is as wanted.
    Is {
        /// The ratio.
        ratio: f64,
        /// Whether it is what is wanted.
        ok: bool,
    },
    /// Nothing: the reference had this spread over the rounds.
    TooNoisy {
        /// The greatest round less the least, as a part of the median.
        spread: f64,
    },
    /// Nothing: one of both was not measured.
    Missing,
}

/// Judges the ratio of two quantities. A reference that is not steady gives none, which is seen in `steady`: the reference
/// itself, or its speed.
#[must_use]
pub(crate) fn judge(what: &Rounds, reference: &Rounds, steady: &Rounds, wanted: Wanted) -> Verdict {
    let (Some(what), Some(base), Some(spread)) =
        (what.median(), reference.median(), steady.spread())
    else {
        return Verdict::Missing;
    };
    if spread > MOST_SPREAD {
        return Verdict::TooNoisy { spread };
    }
    let ratio = what / base;
    let ok = wanted.is_met(ratio);
    Verdict::Is { ratio, ok }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(values: &[f64]) -> Rounds {
        values.iter().copied().collect()
    }

    #[test]
    fn a_median_is_the_middle_one() {
        assert_eq!(rounds(&[9.0, 1.0, 5.0]).median(), Some(5.0));
        assert_eq!(rounds(&[9.0, 1.0, 5.0, 6.0]).median(), Some(5.5));
        assert_eq!(rounds(&[7.0]).median(), Some(7.0));
        assert_eq!(rounds(&[]).median(), None);
    }

    #[test]
    fn one_round_that_is_off_shows_in_the_spread_and_not_in_the_median() {
        let one_is_off = rounds(&[100.0, 101.0, 99.0, 100.0, 300.0]);
        assert_eq!(one_is_off.median(), Some(100.0));
        assert_eq!(one_is_off.spread(), Some(2.01));
        assert_eq!(rounds(&[]).spread(), None);
        assert_eq!(rounds(&[0.0, 0.0]).spread(), None, "nothing was done");
    }

    #[test]
    fn a_ratio_to_what_is_not_steady_is_refused() {
        let what = rounds(&[90.0, 90.0, 90.0]);
        let half = Wanted::AtLeast(0.5);
        let judge = |what: &Rounds, reference: &Rounds| judge(what, reference, reference, half);
        let is = |reference: &[f64]| judge(&what, &rounds(reference));
        let (ratio, ok) = (0.9, true);
        assert_eq!(is(&[90.0, 100.0, 110.0]), Verdict::Is { ratio, ok });
        let Verdict::TooNoisy { spread } = is(&[90.0, 100.0, 110.1]) else {
            panic!("a spread of more than 20 % is too noisy");
        };
        assert!((spread - 0.201).abs() < 1e-9);
        assert_eq!(is(&[]), Verdict::Missing);
        assert_eq!(judge(&rounds(&[]), &rounds(&[1.0])), Verdict::Missing);
        // A noisy contender is its own fault, and the median stands for it.
        let noisy = rounds(&[10.0, 90.0, 500.0]);
        assert_eq!(judge(&noisy, &rounds(&[100.0])), Verdict::Is { ratio, ok });
    }

    #[test]
    fn what_is_wanted_is_a_least_or_a_most() {
        let one = rounds(&[1.0]);
        let ok = |value, wanted| match judge(&rounds(&[value]), &one, &one, wanted) {
            Verdict::Is { ok, .. } => ok,
            other => panic!("{other:?}"),
        };
        assert!(ok(0.5, Wanted::AtLeast(0.5)));
        assert!(!ok(0.49, Wanted::AtLeast(0.5)));
        assert!(ok(2.0, Wanted::AtMost(2.0)));
        assert!(!ok(2.01, Wanted::AtMost(2.0)));
    }
}
