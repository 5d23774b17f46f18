// Package check holds the nightly workflow, the Kubernetes job and the workflow that explores a stranger's tests (scripts/workflow) against
// what can be known of them without their services: actionlint reads the workflows, Kubernetes's own types the job. The commands of the
// stranger's are executed. It is a module of its own, so that nobody who uses racewindow needs
// either.
//
//	cd scripts/nightly/check && go test ./...
package check
