package report

import (
	"fmt"
	"slices"
)

// fold leaves out rows until the rest fits in room: first points that a thread only passes, then points at which only the
// state changes, then what is farthest from the failure and from any preemption. One row replaces each stretch.
func (r *Run) fold(room int) []Row {
	rows := r.Rows
	for weight := 1; weight <= 4; weight++ {
		if len(rows) <= room {
			return rows
		}
		rows = folded(rows, weigh(rows), weight, len(rows)-room)
	}
	if len(rows) <= room {
		return rows
	}
	return cutMiddle(rows, room)
}

// weigh says how important each row is: 1 for a passed point, or a folded row; 2 for a change of the visible state; 3 for an
// operation or an outcome in a stretch without a preemption; 4 for a switch between operations; 5 for a row that must stay.
func weigh(rows []Row) []int {
	weights := make([]int, len(rows))
	for i, row := range rows {
		w := 3
		switch {
		case row.Kind == KindPreemption || row.Kind == KindFailure:
			w = 5
		case row.Kind == KindSwitch:
			w = 4
		case row.Kind == kindFolded:
			w = 1
		case len(row.Learned) > 0 || row.edge || row.gap || beside(rows, i):
			w = 5
		case row.Kind == KindPoint && i > 0 && !slices.Equal(row.State, rows[i-1].State):
			w = 2
		case row.Kind == KindPoint:
			w = 1
		}
		weights[i] = w
	}
	return weights
}

// beside says whether a row is next to a preemption or the failure.
func beside(rows []Row, i int) bool {
	for _, j := range []int{i - 1, i + 1} {
		if j >= 0 && j < len(rows) && (rows[j].Kind == KindPreemption || rows[j].Kind == KindFailure) {
			return true
		}
	}
	return false
}

// folded replaces stretches of at least two rows of one thread, each of at most the given weight, until enough rows have
// gone. It takes the longest stretch first, but last the shortest one that is long enough.
func folded(rows []Row, weights []int, weight, enough int) []Row {
	type stretch struct{ from, to int }
	var all []stretch
	for i := 0; i < len(rows); {
		j := i
		for j < len(rows) && weights[j] <= weight && (rows[j].Thread == rows[i].Thread || weight >= 4) {
			j++
		}
		if j-i >= 2 {
			all = append(all, stretch{i, j})
		}
		i = max(j, i+1)
	}
	slices.SortStableFunc(all, func(a, b stretch) int { return (b.to - b.from) - (a.to - a.from) })
	var chosen []stretch
	for len(all) > 0 && enough > 0 {
		i := 0
		for i+1 < len(all) && all[i+1].to-all[i+1].from-1 >= enough {
			i++
		}
		enough -= all[i].to - all[i].from - 1
		chosen, all = append(chosen, all[i]), slices.Delete(all, i, i+1)
	}
	slices.SortFunc(chosen, func(a, b stretch) int { return b.from - a.from })
	for _, s := range chosen {
		rows = slices.Concat(rows[:s.from], []Row{standIn(rows[s.from:s.to])}, rows[s.to:])
	}
	return rows
}

// standIn returns the row that replaces others. It shows the state after them.
func standIn(rows []Row) Row {
	points, steps, same := 0, 0, true
	for _, row := range rows {
		n, m := 1, 1
		if row.Kind == kindFolded {
			n, m = row.steps, row.points
		} else if row.Step == 0 {
			n = 0
		}
		if row.Kind != KindPoint && row.Kind != kindFolded {
			m = 0
		}
		steps, points = steps+n, points+m
		same = same && row.Thread == rows[0].Thread
	}
	last := rows[len(rows)-1]
	text := fmt.Sprintf("  ... %d steps", steps)
	if points == steps {
		text = fmt.Sprintf("  ... %d points", points)
	}
	stand := Row{Kind: kindFolded, Thread: -1, Text: text, State: last.State, steps: steps, points: points}
	if same {
		stand.Thread = last.Thread
	}
	return stand
}

// cutMiddle keeps the beginning, and more of the end. Rows next to the cut that stand for others of the same thread go with it.
func cutMiddle(rows []Row, room int) []Row {
	head := room / 3
	tail := len(rows) - (room - head - 1)
	cut := standIn(rows[head:tail])
	same := func(i int) bool {
		return i >= 0 && i < len(rows) && rows[i].Kind == kindFolded && rows[i].Thread == cut.Thread
	}
	for same(head - 1) {
		head--
	}
	for same(tail) {
		tail++
	}
	return slices.Concat(rows[:head], []Row{standIn(rows[head:tail])}, rows[tail:])
}
