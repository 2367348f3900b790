//! Splits a whole number in proportion to weights, without losing a unit.
//!
//! The largest-remainder method (Hamilton): each part gets the floor of its
//! share, and the units left over go to the largest remainders. Ties go to the
//! earlier weight, so callers that order their weights get one answer only.

/// Parts of `total` in proportion to `weights`; all zero weights give all zero parts.
///
/// The parts add up to `total` exactly, unless every weight is zero.
pub fn apportion(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::new();
    let mut given = 0;
    for (index, &weight) in weights.iter().enumerate() {
        if weight == 0 {
            // Most are on few of many pools.
            parts.push(0);
            continue;
        }
        let exact = u128::from(total) * u128::from(weight);
        let part = (exact / sum) as u64;
        given += part;
        parts.push(part);
        // Fewer units are left over than there are remainders above zero.
        if exact % sum > 0 {
            remainders.push((exact % sum, index));
        }
    }
    remainders.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for &(_, index) in remainders.iter().take((total - given) as usize) {
        parts[index] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_of_a_hundred_lose_nothing() {
        assert_eq!(apportion(100, &[1, 1, 1]), [34, 33, 33]);
    }

    #[test]
    fn the_largest_remainder_gets_the_odd_unit() {
        assert_eq!(apportion(10, &[15, 14, 71]), [2, 1, 7]);
    }

    #[test]
    fn nobody_gets_anything_for_no_weight() {
        assert_eq!(apportion(10, &[0, 0]), [0, 0]);
        assert_eq!(apportion(10, &[0, 5]), [0, 10]);
        assert!(apportion(10, &[]).is_empty());
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        assert_eq!(apportion(u64::MAX, &[u64::MAX]), [u64::MAX]);
        let parts = apportion(u64::MAX, &[u64::MAX, u64::MAX, 1]);
        assert_eq!(parts.iter().map(|&part| u128::from(part)).sum::<u128>(), u64::MAX.into());
    }
}
