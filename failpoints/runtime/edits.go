package runtime

// Edits lists every change to a version of Go, in an order in which they can be made.
func Edits(version string) (all []Edit) {
	for _, some := range [][]Edit{schedulerEdits(), bubbleEdits(), outsideEdits(), channelEdits(), randomEdits(), endingEdits(), syncEdits(), atomicEdits(), fileEdits(), testingEdits()} {
		for _, e := range some {
			if e.meant(version) {
				all = append(all, e)
			}
		}
	}
	return all
}
