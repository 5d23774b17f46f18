package object

import (
	"math/rand"
	"slices"

	"github.com/racewindow/racewindow/harness/values"
)

// mostProbes bounds how many calls an object that was opened again must answer.
const mostProbes = 24

// probesOf are the calls by which an object that was opened again shows what it holds: first operations that change nothing that
// lasts, then the others. They are those of the program and, of operations that it does not have, calls with the first arguments
// that its calls have.
func (o *Object) probesOf(calls []*Call) (probes []*Call) {
	seen := map[string]bool{}
	add := func(c *Call) {
		if !seen[c.text] && len(probes) < mostProbes {
			seen[c.text] = true
			probes = append(probes, c)
		}
	}
	for _, lasting := range []bool{false, true} {
		for _, m := range o.methods {
			if (m.Durable != "") != lasting {
				continue
			}
			for _, c := range calls {
				if c.method == m {
					add(c)
				}
			}
			for _, c := range m.callsLike(calls) {
				add(c)
			}
		}
	}
	return probes
}

// callsLike are calls of m with the first arguments of others, so that they ask for what those wrote.
func (m *method) callsLike(calls []*Call) (all []*Call) {
	drawn, err := (&values.Drawing{Random: rand.New(rand.NewSource(1))}).Draw(m.Operation)
	if err != nil {
		return nil
	}
	kinds := m.Operation.Arguments()
	if len(drawn) == 0 || len(kinds) == 0 {
		return []*Call{newCall(m, drawn)}
	}
	for _, c := range calls {
		if len(c.arguments) > 0 && c.arguments[0].Type() == kinds[0] {
			arguments := slices.Clone(drawn)
			arguments[0] = c.arguments[0]
			all = append(all, newCall(m, arguments))
		}
	}
	if len(all) == 0 {
		all = []*Call{newCall(m, drawn)}
	}
	return all
}
