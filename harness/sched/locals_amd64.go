package sched

// callersFrame is where the caller's frame begins, if the callee's frame pointer lies at this distance from the top of the stack.
func callersFrame(framePointer uintptr) uintptr { return framePointer - 2*word }
