//! Orders nodes topologically, or finds a dependency cycle.

/// A dependency cycle among definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DependencyCycle {
    /// The names, each downstream of the one before; the first is also the last.
    pub(crate) names: Vec<String>,
}

impl DependencyCycle {
    pub(super) fn of(names: impl Iterator<Item = String>) -> Self {
        Self { names: names.collect() }
    }
}

/// An order of the nodes `0..upstream.len()` in which each comes after all of its `upstream`; among nodes that are
/// free, the lower number first. The error is a cycle, each node downstream of the one before, the first again at
/// the end.
pub(super) fn find_cycle(upstream: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }

    let mut marks = vec![Mark::New; upstream.len()];
    let mut order = Vec::with_capacity(upstream.len());
    for start in 0..upstream.len() {
        // The path from `start` upwards, each node with the number of its inputs already followed.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if marks[start] == Mark::New {
            marks[start] = Mark::Open;
            path.push((start, 0));
        }
        while let Some((node, followed)) = path.last_mut() {
            let Some(&next) = upstream[*node].get(*followed) else {
                marks[*node] = Mark::Done;
                order.push(*node);
                path.pop();
                continue;
            };
            *followed += 1;
            match marks[next] {
                Mark::Done => {}
                Mark::New => {
                    marks[next] = Mark::Open;
                    path.push((next, 0));
                }
                Mark::Open => {
                    let mut cycle: Vec<usize> = path.iter().map(|(node, _)| *node).collect();
                    cycle.drain(..cycle.iter().position(|node| *node == next).unwrap_or(0));
                    cycle.push(next);
                    cycle.reverse();
                    return Err(cycle);
                }
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(upstream: &[&[usize]], expected: Result<&[usize], &[usize]>) {
        let upstream: Vec<Vec<usize>> = upstream.iter().map(|inputs| inputs.to_vec()).collect();
        let expected = expected.map(<[_]>::to_vec).map_err(<[_]>::to_vec);
        assert_eq!(find_cycle(&upstream), expected);
    }

    #[test]
    fn orders_and_cycles() {
        check(&[], Ok(&[]));
        check(&[&[1], &[]], Ok(&[1, 0]));
        check(&[&[], &[0], &[0, 1]], Ok(&[0, 1, 2]));
        check(&[&[0]], Err(&[0, 0]));
        check(&[&[], &[0, 3], &[1], &[2]], Err(&[1, 2, 3, 1]));
    }
}
