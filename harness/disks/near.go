package disks

// Near lists disks, no more than most, at the edges of what a crash now may leave, always the same in the same order: everything as
// new as possible except for one sector, or everything in a file as old as possible except for one sector. If there are many
// disks, random draws seldom find these, and they show the most: a later change that survived without an earlier one, and
// must not be trusted without it.
func (m *Moment) Near(most int) (all []*Image) {
	links := m.names.sample(Replay(nil))
	newest := make([]*content, len(m.files))
	for _, l := range links {
		if !l.folder && newest[l.node] == nil {
			newest[l.node] = m.uncounted(l.node).sample(Replay(nil))
		}
	}
	known := map[[hashBytes]byte]bool{}
	for number := range newest {
		if newest[number] == nil {
			continue
		}
		for _, c := range m.uncounted(number).near() {
			i := m.image(links, func(other int) *content {
				if other == number {
					return c
				}
				return newest[other]
			})
			if len(all) == most {
				return all
			}
			if h := i.Hash(); !known[h] {
				known[h] = true
				all = append(all, i)
			}
		}
	}
	return all
}

// near lists the contents of a file for Near: first the newest except for one sector, then the oldest except for one.
func (v *variants) near() (all []*content) {
	l := v.lengths[len(v.lengths)-1]
	choices := v.choices(l)
	newest := func(k int) *sector { return v.states.newest(v.open[k], v.history[k], l, len(v.states.pending)) }
	for one := range choices {
		for _, other := range choices[one] {
			if same(other, newest(one)) {
				continue
			}
			all = append(all, v.build(l, func(k int) *sector {
				if k == one {
					return other
				}
				return newest(k)
			}))
		}
	}
	for one := range choices {
		all = append(all, v.build(l, func(k int) *sector {
			if k == one {
				return newest(k)
			}
			return choices[k][0]
		}))
	}
	return all
}
