package sched

// Ends says whether a recovered value is one with which the scheduler ends a thread. Code that recovers from panics of the code
// under test must panic with such a value again.
func Ends(recovered any) bool {
	switch recovered.(type) {
	case unwinding, stopThread:
		return true
	}
	return false
}
