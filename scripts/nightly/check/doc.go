// Package check holds the nightly workflow and the Kubernetes job against what can be known of them without their services:
// actionlint reads the one, Kubernetes's own types the other. It is a module of its own, so that nobody who uses racewindow needs
// either.
//
//	cd scripts/nightly/check && go test ./...
package check
