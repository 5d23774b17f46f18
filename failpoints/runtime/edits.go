package runtime

// Edits lists every change, in an order in which they can be made.
func Edits() (all []Edit) {
	for _, some := range [][]Edit{schedulerEdits(), bubbleEdits(), outsideEdits(), channelEdits(), randomEdits(), endingEdits(), syncEdits(), atomicEdits(), fileEdits(), testingEdits()} {
		all = append(all, some...)
	}
	return all
}
