package disks

import (
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/spelling"
)

// A Model says which unsynced effects may survive a loss of power. The package's documentation has the table.
type Model uint8

const (
	// Ordered keeps names as a prefix of the journal, as ext4 does; bytes tear and reorder.
	Ordered Model = iota
	// Weak keeps each unsynced effect or does not, in any order.
	Weak
)

// Models lists all models.
var Models = []Model{Ordered, Weak}

// ErrModel is wrapped by the error for an unknown model.
var ErrModel = errors.New("no such persistence model")

// String returns the model's name in cases and reports.
func (m Model) String() string {
	if int(m) < len(modelNames) {
		return modelNames[m]
	}
	return fmt.Sprintf("model %d", uint8(m))
}

var modelNames = [...]string{"ordered", "weak"}

// ModelByName returns the model with that name. Errors: ErrModel.
func ModelByName(name string) (Model, error) {
	for i, n := range modelNames {
		if n == name {
			return Model(i), nil
		}
	}
	return 0, fmt.Errorf("%w: %q%s: use ordered or weak", ErrModel, name, spelling.Meant(name, modelNames[:]))
}
