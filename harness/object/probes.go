package object

import (
	"math/rand"
	"reflect"
	"slices"

	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// mostProbes bounds how many calls an object that was opened again must answer.
const mostProbes = 24

// mostProbesOf is the most probes after a program with so many calls: a history has no room for more.
func mostProbesOf(calls int) int { return min(mostProbes, max(0, spec.MaxOperations-calls)/inquiries) }

// probesOf returns calls that show what an object holds after it was opened again: first operations that change nothing
// lasting, then the others. They are the calls of the program, and calls whose first argument is one that its calls have, or
// one that its calls returned: for example the index of a record.
func (o *Object) probesOf(calls []*Call, results [][]reflect.Value) (probes []*Call) {
	var firsts []reflect.Value
	for _, c := range calls {
		if len(c.arguments) > 0 {
			firsts = append(firsts, c.arguments[0])
		}
	}
	for _, returned := range results {
		firsts = append(firsts, returned...)
	}
	seen := map[string]bool{}
	add := func(c *Call) {
		if !seen[c.text] && len(probes) < mostProbesOf(len(calls)) {
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
			for _, c := range m.callsWith(firsts) {
				add(c)
			}
		}
	}
	return probes
}

// callsWith returns calls of m with those of the first arguments that fit its type, so that they ask for what others wrote.
func (m *method) callsWith(firsts []reflect.Value) (all []*Call) {
	drawn, err := (&values.Drawing{Random: rand.New(rand.NewSource(1))}).Draw(m.Operation)
	if err != nil {
		return nil
	}
	kinds := m.Operation.Arguments()
	if len(drawn) == 0 || len(kinds) == 0 {
		return []*Call{newCall(m, drawn)}
	}
	for _, first := range firsts {
		if first.Type() == kinds[0] {
			arguments := slices.Clone(drawn)
			arguments[0] = values.Copy(first)
			all = append(all, newCall(m, arguments))
		}
	}
	if len(all) == 0 {
		all = []*Call{newCall(m, drawn)}
	}
	return all
}
