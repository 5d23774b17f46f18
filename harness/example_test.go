package harness_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness"
)

var errShort = errors.New("not enough money")

// An account waits for its lock through failpoints.Lock, so the scheduler knows who waits, and can switch there.
type account struct {
	mu      sync.Mutex
	balance int
}

var accountLock = failpoints.WaitPoint("example.com/bank", "account/lock")

func (a *account) deposit(ctx context.Context, amount uint8) {
	failpoints.Lock(ctx, accountLock, &a.mu)
	defer a.mu.Unlock()
	a.balance += int(amount)
}

func (a *account) withdraw(ctx context.Context, amount uint8) error {
	failpoints.Lock(ctx, accountLock, &a.mu)
	defer a.mu.Unlock()
	if a.balance < int(amount) {
		return errShort
	}
	a.balance -= int(amount)
	return nil
}

func (a *account) left(ctx context.Context) int {
	failpoints.Lock(ctx, accountLock, &a.mu)
	defer a.mu.Unlock()
	return a.balance
}

// overdraw checks the balance under the lock, gives the lock back, and takes it again to change the balance.
func (a *account) overdraw(ctx context.Context, amount uint8) error {
	if a.left(ctx) < int(amount) {
		return errShort
	}
	failpoints.Lock(ctx, accountLock, &a.mu)
	defer a.mu.Unlock()
	a.balance -= int(amount)
	return nil
}

// A Subject names the operations of an object. Check draws programs of several clients from them, and explores their schedules.
// No model is written: the account itself, used by one client at a time, says which results are right.
func Example() {
	t := newTest("TestAccount") // in your own code: func TestAccount(t *testing.T)
	harness.Check(t, harness.Subject[*account]{
		Open:   func(context.Context, harness.Env) (*account, error) { return &account{}, nil },
		Ops:    harness.Ops{"deposit": (*account).deposit, "withdraw": (*account).withdraw, "left": (*account).left},
		Errors: map[string]error{"short": errShort},
	})
	t.print("FAIL")
	// Output: failed: false
}

// Two clients withdraw the same money. The report says which promise broke, and how often its replay command has shown it again.
func Example_finding() {
	t := newTest("TestOverdraw")
	harness.Check(t, harness.Subject[*account]{
		Open:   func(context.Context, harness.Env) (*account, error) { return &account{balance: 2}, nil },
		Ops:    harness.Ops{"withdraw": (*account).overdraw, "left": (*account).left},
		Errors: map[string]error{"short": errShort},
	})
	t.print("FAIL", "        replayed")
	// Output:
	// failed: true
	// FAIL Linearizability  "each operation takes effect at one moment between its call and its return"
	//         replayed 5 of 5 times
}

// A test stands for the *testing.T that an example function does not have.
type test struct {
	testing.TB
	name, back string
	text       strings.Builder
	failed     bool
}

// newTest returns a test in a temporary folder, because Check keeps what it finds in the current one.
func newTest(name string) *test {
	back, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	folder, err := os.MkdirTemp("", name)
	if err != nil {
		panic(err)
	}
	if err := os.Chdir(folder); err != nil {
		panic(err)
	}
	return &test{name: name, back: back}
}

func (t *test) Helper()                   {}
func (t *test) Name() string              { return t.name }
func (t *test) Failed() bool              { return t.failed }
func (t *test) Context() context.Context  { return context.Background() }
func (t *test) Log(args ...any)           { fmt.Fprintln(&t.text, args...) }
func (t *test) Logf(f string, a ...any)   { t.Log(fmt.Sprintf(f, a...)) }
func (t *test) Error(args ...any)         { t.failed = true; t.Log(args...) }
func (t *test) Errorf(f string, a ...any) { t.Error(fmt.Sprintf(f, a...)) }
func (t *test) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

// print prints whether the test failed and the lines with one of these beginnings, and leaves the temporary folder.
func (t *test) print(beginnings ...string) {
	fmt.Println("failed:", t.failed)
	for line := range strings.Lines(t.text.String()) {
		if slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(line, b) }) {
			fmt.Print(line)
		}
	}
	folder, err := os.Getwd()
	if err == nil {
		err = errors.Join(os.Chdir(t.back), os.RemoveAll(folder))
	}
	if err != nil {
		panic(err)
	}
}
