package sched

// Ends says whether a recovered value is one by which the scheduler ends a thread. Whoever recovers from panics of the code under
// test must panic with it again.
func Ends(recovered any) bool {
	switch recovered.(type) {
	case unwinding, stopThread:
		return true
	}
	return false
}
