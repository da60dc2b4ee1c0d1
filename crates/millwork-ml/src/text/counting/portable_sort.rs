//! The order that NumPy's `argsort` leaves equal elements in, where it uses no vector instructions.
//!
//! That is an introsort (D. R. Musser, "Introspective sorting and selection algorithms", 1997): quicksort with the median
//! of the first, middle and last element as pivot, which sits in the last place but one while the others are parted;
//! insertion sort for parts of up to 16 elements; and heapsort for parts that were divided more than 2·log₂ n times. The
//! smaller part of each division is sorted first.

/// The largest part that is sorted by insertion.
const SMALL: usize = 16;

/// Where a part starts and ends, and how often it may still be divided.
type Part = (usize, usize, i32);

/// The positions `0..length` in ascending order, of which `less` says whether the first comes before the second.
pub(super) fn argsort(length: usize, less: impl Fn(u32, u32) -> bool) -> Vec<u32> {
    let mut order: Vec<u32> = (0..length as u32).collect();
    let mut parts = vec![(0, length, 2 * length.max(1).ilog2() as i32)];
    while let Some(part) = parts.pop() {
        sort_part(&mut order, part, &less, &mut parts);
    }
    order
}

/// Divides a part until the rest is small and sorts that; leaves the larger of each two in `parts`.
fn sort_part(
    order: &mut [u32],
    (mut start, mut end, mut divisions): Part,
    less: &impl Fn(u32, u32) -> bool,
    parts: &mut Vec<Part>,
) {
    if divisions < 0 {
        return heap_sort(&mut order[start..end], less);
    }
    while end - start > SMALL {
        let pivot = start + divide(&mut order[start..end], less);
        let (left, right) = ((start, pivot), (pivot + 1, end));
        let (smaller, larger) =
            if right.1 - right.0 > left.1 - left.0 { (left, right) } else { (right, left) };
        divisions -= 1;
        parts.push((larger.0, larger.1, divisions));
        (start, end) = smaller;
    }
    insertion_sort(&mut order[start..end], less);
}

/// Parts the elements about a pivot, and gives its position.
fn divide(part: &mut [u32], less: &impl Fn(u32, u32) -> bool) -> usize {
    let (last, middle) = (part.len() - 1, (part.len() - 1) / 2);
    for (left, right) in [(0, middle), (middle, last), (0, middle)] {
        if less(part[right], part[left]) {
            part.swap(left, right);
        }
    }
    let pivot = part[middle];
    part.swap(middle, last - 1);
    let (mut left, mut right) = (0, last - 1);
    loop {
        left += 1;
        while less(part[left], pivot) {
            left += 1;
        }
        right -= 1;
        while less(pivot, part[right]) {
            right -= 1;
        }
        if left >= right {
            break;
        }
        part.swap(left, right);
    }
    part.swap(left, last - 1);
    left
}

fn insertion_sort(part: &mut [u32], less: &impl Fn(u32, u32) -> bool) {
    for end in 1..part.len() {
        let element = part[end];
        let mut position = end;
        while position > 0 && less(element, part[position - 1]) {
            part[position] = part[position - 1];
            position -= 1;
        }
        part[position] = element;
    }
}

/// Sorts by building a heap and taking its largest element, again and again.
fn heap_sort(part: &mut [u32], less: &impl Fn(u32, u32) -> bool) {
    for root in (0..part.len() / 2).rev() {
        sift(part, root, less);
    }
    for end in (1..part.len()).rev() {
        part.swap(0, end);
        sift(&mut part[..end], 0, less);
    }
}

/// Moves the element at `root` down to where it is not less than those below it.
fn sift(heap: &mut [u32], root: usize, less: &impl Fn(u32, u32) -> bool) {
    let element = heap[root];
    let mut hole = root;
    while 2 * hole + 1 < heap.len() {
        let mut child = 2 * hole + 1;
        if child + 1 < heap.len() && less(heap[child], heap[child + 1]) {
            child += 1;
        }
        if !less(element, heap[child]) {
            break;
        }
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = element;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[u32]) {
        let order = argsort(values.len(), |left, right| values[left as usize] < values[right as usize]);
        assert!(order.is_sorted_by_key(|&position| values[position as usize]), "{values:?}");
        let mut positions = order;
        positions.sort_unstable();
        assert!(positions.into_iter().eq(0..values.len() as u32), "{values:?}");
    }

    #[test]
    fn values_are_sorted() {
        for length in [0, 1, 2, 16, 17, 18, 100, 1000] {
            check(&(0..length).collect::<Vec<_>>());
            check(&(0..length).rev().collect::<Vec<_>>());
            check(&vec![7; length as usize]);
            check(&(0..length).map(|number| number * 7919 % 101).collect::<Vec<_>>());
            check(&(0..length).map(|number| number.min(length - number)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_fallback_sorts() {
        let values: Vec<u32> = (0..1000).map(|number| number * 7919 % 101).collect();
        let mut order: Vec<u32> = (0..1000).collect();
        heap_sort(&mut order, &|left, right| values[left as usize] < values[right as usize]);
        assert!(order.is_sorted_by_key(|&position| values[position as usize]));
    }
}
