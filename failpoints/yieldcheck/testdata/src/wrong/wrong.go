// Package wrong has comments that say too little, or stand where they mean nothing.
package wrong

import "sync/atomic"

var n atomic.Int64

//racewindow:atomic // want `//racewindow:atomic needs a reason: //racewindow:atomic because …`
func noReason() { n.Load() }

//racewindow:atomic because // want `//racewindow:atomic needs a reason`
func emptyReason() { n.Load() }

//racewindow:yielded the caller has // want `//racewindow:yielded needs a reason`
func noBecause() { n.Load() }

//racewindow:atomik because of a slip // want `//racewindow:atomik is no comment that yieldcheck knows`
func unknown() {
	n.Load() // want `n.Load`
}

//racewindow:shared // want `//racewindow:shared cannot stand here: it belongs to a type`
func shared() {
	n.Load() // want `n.Load`
}

func line() {
	n.Load() //racewindow:yielded because it is a line // want `n.Load` `//racewindow:yielded cannot stand here: it belongs above a function`
}
