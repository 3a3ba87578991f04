"""SGPerm's matching as it reads in the paper: one row after the other, one slot after the other, nothing clever."""

import math

MASK = 2**64 - 1


def stirred(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def subsets(n, size, *key):
    """Ranks by subset: labels shuffled with SplitMix64, then dealt in ascending order."""
    state = 0
    for number in key:
        state = stirred((state + 0x9E3779B97F4A7C15 + number) & MASK)
    labels = [rank // size for rank in range(n)]
    for left in range(n, 1, -1):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        drawn = (stirred(state) >> 32) * left >> 32
        labels[left - 1], labels[drawn] = labels[drawn], labels[left - 1]
    return [[rank for rank in range(n) if labels[rank] == label] for label in range(-(-n // size))]


def targets(w, r, u):
    """For each slot, the slots whose value it may take, nearest value first; of equals, the nearest place."""
    graph = []
    for x in range(len(w)):
        may = [y for y in range(len(w)) if r[x] * math.copysign(w[x] != w[y], w[x] - w[y]) > 0 and abs(w[x] - w[y]) < u]
        graph.append(sorted(may, key=lambda y, x=x: abs(y - x)))
    return graph


def search(graph, root, retired):
    """The first path from the root back to it in depth-first order, or None."""
    seen = set(retired)

    def visit(path):
        for y in graph[path[-1]]:
            if y == root:
                return path
            if y not in seen:
                seen.add(y)
                found = visit([*path, y])
                if found:
                    return found
        return None

    return visit([root])


def dfs(w, r, u):
    """Cycles among slots whose values w ascend: in each, a slot takes the value of the one after it."""
    graph, retired, cycles = targets(w, r, u), set(), []
    for root in sorted(range(len(w)), key=lambda x: -abs(r[x])):
        if root not in retired:
            cycle = search(graph, root, retired)
            cycles += [cycle] if cycle else []
            retired.update(cycle or [root])
    return cycles


def bracket(w, r, u):
    """Swaps of slots whose values w ascend: those that rise open brackets, the others close the last one open."""
    opened, cycles = [], []
    for x in range(len(w)):
        if r[x] < 0:
            opened.append(x)
        elif opened:
            y = opened.pop()
            cycles += [[y, x]] if 0 < w[x] - w[y] < u else []
    return cycles


def project(row, r, order, alpha):
    """The order of a row by w − η r, in numbers of the row's own precision (numpy's)."""
    strongest = max(abs(value) for value in r)
    if strongest == 0:
        return list(order)
    reach = row.dtype.type(alpha) * (row[order[-1]] - row[order[0]])

    def target(slot):
        value = row[slot] - reach * (r[slot] / strongest)
        return value, math.copysign(1, value)  # −0.0 stands before 0.0

    return sorted(order, key=target)


def move(rows, r, order, size, alpha, match, key):
    """Move values of numpy rows in place; returns, for each row, the cycles of each subset as lists of slots."""
    parts, moved = subsets(rows.shape[1], size, *key), []
    for row, strength, by_value in zip(rows, r, order, strict=True):
        before, spread = row.copy(), float(row[by_value[-1]]) - float(row[by_value[0]])
        if match is project:
            slots = project(before, strength, list(by_value), alpha)
            row[slots], by_value[:] = before[by_value], slots
            continue
        cycles = []
        for part in parts:
            places = [rank for rank in part if strength[by_value[rank]] != 0]
            slots = [int(by_value[rank]) for rank in places]
            if len(slots) < 2:
                continue
            u = spread * (alpha + 1 / len(slots))
            found = match([float(before[s]) for s in slots], [float(strength[s]) for s in slots], u)
            for cycle in found:
                for x, y in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
                    row[slots[x]], by_value[places[y]] = before[slots[y]], slots[x]
            cycles += [[slots[x] for x in cycle] for cycle in found]
        moved.append(cycles)
    return moved
