use std::collections::BTreeMap;

/// Values by number, the least first. Mostly there is one, which needs no allocation.
#[derive(Debug)]
pub(crate) struct Few<V> {
    /// Before all others; none where the least was taken out from before them.
    first: Option<(u64, V)>,
    others: BTreeMap<u64, V>,
}

impl<V> Default for Few<V> {
    fn default() -> Self {
        Self { first: None, others: BTreeMap::new() }
    }
}

impl<V> Few<V> {
    pub(crate) fn len(&self) -> usize {
        self.others.len() + usize::from(self.first.is_some())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none() && self.others.is_empty()
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut V> {
        match &mut self.first {
            Some((first, value)) if *first == number => Some(value),
            _ => self.others.get_mut(&number),
        }
    }

    /// Enters a value; gives the one that was there before.
    pub(crate) fn insert(&mut self, number: u64, value: V) -> Option<V> {
        if let Some(known) = self.get_mut(number) {
            return Some(std::mem::replace(known, value));
        }
        let mut entry = (number, value);
        match &mut self.first {
            None if self.others.is_empty() => {
                self.first = Some(entry);
                return None;
            }
            Some(first) if number < first.0 => std::mem::swap(first, &mut entry),
            _ => {}
        }
        self.others.insert(entry.0, entry.1)
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<V> {
        match self.first.take_if(|(first, _)| *first == number) {
            Some((_, value)) => Some(value),
            None => self.others.remove(&number),
        }
    }

    pub(crate) fn pop_first(&mut self) -> Option<(u64, V)> {
        self.first.take().or_else(|| self.others.pop_first())
    }

    /// Takes all out.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = V> + use<V> {
        let first = self.first.take().map(|(_, value)| value);
        first.into_iter().chain(std::mem::take(&mut self.others).into_values())
    }

    /// Takes those out that fulfil a condition.
    pub(crate) fn take_out<F: Fn(&V) -> bool>(
        &mut self,
        condition: F,
    ) -> impl Iterator<Item = V> + use<V, F> {
        let first = self.first.take_if(|(_, value)| condition(value)).map(|(_, value)| value);
        first.into_iter().chain(take_out(&mut self.others, condition).into_values())
    }
}

/// Takes those out of a map that fulfil a condition.
pub(crate) fn take_out<V>(map: &mut BTreeMap<u64, V>, condition: impl Fn(&V) -> bool) -> BTreeMap<u64, V> {
    let (out, rest) = std::mem::take(map).into_iter().partition(|(_, value)| condition(value));
    *map = rest;
    out
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn values_come_in_the_order_of_their_numbers() {
        let mut few = Few::default();
        for number in [2, 3, 1] {
            assert_eq!(few.insert(number, number), None);
        }
        assert_eq!(few.insert(3, 4), Some(3));
        assert_eq!(few.pop_first(), Some((1, 1)));
        assert_eq!(few.insert(0, 0), None);
        assert_eq!((few.remove(2), few.remove(2), few.len()), (Some(2), None, 2));
        assert_eq!(few.take_out(|value| *value > 0).collect::<Vec<_>>(), [4]);
        assert_eq!(few.take().collect::<Vec<_>>(), [0]);
        assert!(few.is_empty());
    }
}
