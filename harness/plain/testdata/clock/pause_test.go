package clock

import "runtime"

func pause() { runtime.Gosched() }
