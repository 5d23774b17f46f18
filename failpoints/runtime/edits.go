package runtime

// Edits lists every change to a version of Go for an architecture, in an order in which they can be made.
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
