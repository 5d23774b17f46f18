package runtime

// Edits lists all edits for a version of Go and an architecture, in an order in which they can be applied.
func Edits(version, arch string) (all []Edit) {
	for _, some := range [][]Edit{schedulerEdits(), bubbleEdits(), outsideEdits(), channelEdits(), randomEdits(), endingEdits(), syncEdits(), atomicEdits(), fileEdits(), pipeEdits(), testingEdits()} {
		for _, e := range some {
			if e.meant(version, arch) {
				all = append(all, e)
			}
		}
	}
	return all
}
