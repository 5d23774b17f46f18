package flagged

import "vfs"

func sync(f vfs.File, o vfs.Other) {
	f.Sync() // want `f.Sync \(an operation on shared state\)`
	o.Sync()
}
