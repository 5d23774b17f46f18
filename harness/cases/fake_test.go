package cases

import (
	"errors"
	"fmt"
	"iter"
	"math/rand"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A shelf is a subject with words only: it has one setting, one task, and the operations put and get, whose arguments are Go
// strings. It executes nothing.
type shelf struct{}

func (shelf) Head() string    { return "test=TestShelf" }
func (shelf) Tasks() []string { return []string{"sweeper"} }

func (shelf) IsTask(name string) bool {
	name, _, _ = strings.Cut(name, "#")
	return name == "sweeper"
}

type boards int

func (b boards) String() string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf("boards=%d", int(b))
}

func (shelf) ParseSettings(words []Setting) (Settings, error) {
	b := boards(0)
	for _, w := range words {
		n, err := strconv.ParseUint(w.Value, 10, 8)
		if w.Name != "boards" || err != nil || n == 0 {
			return nil, fmt.Errorf("unknown option %.80q: write boards=N", w.Name+"="+w.Value)
		}
		b = boards(n)
	}
	return b, nil
}

type call struct{ name, argument string }

func (c call) String() string { return fmt.Sprintf("%s(%q)", c.name, c.argument) }
func (c call) Word() string   { return c.name }

func (shelf) ParseOperation(text string) (Operation, error) {
	name, rest, ok := strings.Cut(text, "(")
	literal, closed := strings.CutSuffix(rest, ")")
	argument, err := strconv.Unquote(strings.TrimSpace(literal))
	if name != "put" && name != "get" || !ok || !closed || err != nil {
		return nil, fmt.Errorf("unknown operation %.80q: write put(STRING) or get(STRING)", text)
	}
	return call{name, argument}, nil
}

func (shelf) Check(c Case) error {
	for _, t := range c.Threads {
		if t.Name == "nobody" {
			return fmt.Errorf("%w: nobody puts nothing", ErrCase)
		}
	}
	return nil
}

var errNothing = errors.New("a shelf is not executed")

func (shelf) Draw(*rand.Rand, Shape) (Case, error)     { return Case{}, errNothing }
func (shelf) DrawFaults(*rand.Rand, Case, int) []Fault { return nil }
func (shelf) Smaller(Case) iter.Seq[Case]              { return func(func(Case) bool) {} }
func (shelf) Plan(Case) (*Plan, error)                 { return nil, errNothing }
func (shelf) Canaries(Case) ([]Canary, error)          { return nil, errNothing }
func parse(text string) (Case, error)                  { return Parse(text, Only(shelf{})) }
func place(thread, point string, hit int) Place        { return Place{Thread: thread, Point: point, Hit: hit} }

func ofShelf(t *testing.T, clauses string) (c Case) {
	return mustParse(t, "v1 test=TestShelf; "+clauses)
}

func mustParse(t *testing.T, text string) Case {
	t.Helper()
	c, err := parse(text)
	require.NoError(t, err, text)
	return c
}
