package driver

import "github.com/racewindow/racewindow/harness/sched"

// An operation is what a thread does at a point: its name in schedules, and what is known of it.
type operation struct {
	name    string
	action  sched.Action
	reads   bool // it reads and does not write
	nowhere bool // it touches nothing that is shared
}

// operations are numbered as the runtime numbers them.
var operations = [256]operation{
	1:  {name: "waits", action: sched.Waits},
	3:  {name: "go", nowhere: true},
	4:  {name: "Gosched", action: sched.Pauses, nowhere: true},
	5:  {name: "send", action: sched.Sends},
	6:  {name: "receive", action: sched.Receives},
	7:  {name: "close", action: sched.Sends},
	8:  {name: "select"},
	9:  {name: "select.case"},
	16: {name: "Lock", action: sched.Locks},
	17: {name: "TryLock", action: sched.Locks},
	18: {name: "Unlock", action: sched.Unlocks},
	19: {name: "RLock", action: sched.Locks},
	20: {name: "TryRLock", action: sched.Locks},
	21: {name: "RUnlock", action: sched.Unlocks},
	22: {name: "Add"},
	23: {name: "Done"},
	24: {name: "Wait"},
	25: {name: "Signal"},
	26: {name: "Broadcast"},
	27: {name: "Do"},
	28: {name: "Put"},
	29: {name: "Get"},
	30: {name: "Map.Load", action: sched.Loads, reads: true},
	31: {name: "Map.Store", action: sched.Stores},
	32: {name: "Map.Clear", action: sched.Stores},
	33: {name: "Map.LoadOrStore", action: sched.Stores},
	34: {name: "Map.LoadAndDelete", action: sched.Stores},
	35: {name: "Map.Delete", action: sched.Stores},
	36: {name: "Map.Swap", action: sched.Stores},
	37: {name: "Map.CompareAndSwap", action: sched.Stores},
	38: {name: "Map.CompareAndDelete", action: sched.Stores},
	39: {name: "Map.Range", action: sched.Loads, reads: true},
	48: {name: "Load", action: sched.Loads, reads: true},
	49: {name: "Store", action: sched.Stores},
	50: {name: "Swap", action: sched.Stores},
	51: {name: "CompareAndSwap", action: sched.Stores},
	52: {name: "Add", action: sched.Stores},
	53: {name: "And", action: sched.Stores},
	54: {name: "Or", action: sched.Stores},
	64: {name: "Read", action: sched.Loads},
	65: {name: "Write", action: sched.Stores},
	66: {name: "Seek"},
	67: {name: "Close"},
	68: {name: "Truncate", action: sched.Stores},
	69: {name: "Sync"},
	70: {name: "Open"},
	71: {name: "Rename"},
	72: {name: "Remove"},
	80: {name: "sleep", action: sched.Fires},
	81: {name: "timer", action: sched.Fires},
	82: {name: "ticker", action: sched.Fires},
	83: {name: "AfterFunc", action: sched.Fires},
	84: {name: "deadline", action: sched.Fires},
}
