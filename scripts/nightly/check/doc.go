// Package check tests the nightly workflow, the Kubernetes job and the workflow that explores a stranger's tests
// (scripts/workflow), as far as that is possible without their services: actionlint reads the workflows, and Kubernetes's
// own types read the job. The commands of the stranger's workflow are executed. It is a module of its own, so that users
// of racewindow need none of this.
//
//	cd scripts/nightly/check && go test ./...
package check
