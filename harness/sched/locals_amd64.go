package sched

// callersFrame is where the frame begins of who called the function whose frame pointer lies so far from the top of the stack.
func callersFrame(framePointer uintptr) uintptr { return framePointer - 2*word }
