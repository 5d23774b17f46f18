// Package words has tests that fail after they have logged something.
package words

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// overtaken says whether another goroutine came first.
func overtaken() (by bool) {
	var mu sync.Mutex
	go func() {
		mu.Lock()
		by = true
		mu.Unlock()
	}()
	mu.Lock()
	defer mu.Unlock()
	return by
}

func TestError(t *testing.T) {
	t.Log("a word before it")
	if overtaken() {
		t.Log("more")
		t.Errorf("first of %d", 2)
		t.Log("a word after it")
		t.Error("second")
	}
}

func TestFatalInSubtests(t *testing.T) {
	t.Run("a", func(t *testing.T) { t.Log("of another one") })
	t.Run("b", func(t *testing.T) {
		t.Parallel()
		t.Log("a word before it")
		if overtaken() {
			t.Fatal("the end")
		}
	})
}

func TestFailAlone(t *testing.T) {
	t.Log("a word before it")
	if overtaken() {
		t.Fail()
		t.Error("and more")
	}
}

func TestFailNow(t *testing.T) {
	if overtaken() {
		t.FailNow()
	}
}

func check(t *testing.T, ok bool) {
	t.Helper()
	t.Log("checks")
	if !ok {
		t.Error("not ok")
	}
}

func TestHelper(t *testing.T) {
	t.Log("a word before it")
	check(t, !overtaken())
}

func TestAssert(t *testing.T) {
	t.Log("a word before it")
	n := 0
	if overtaken() {
		n = 1
	}
	assert.Equal(t, 0, n, "nobody came")
}

func TestRequireInHelper(t *testing.T) {
	t.Log("a word before it")
	requireAlone(t, overtaken())
}

func requireAlone(t *testing.T, by bool) {
	t.Helper()
	require.False(t, by)
}

func TestUnlocks(t *testing.T) {
	var mu sync.Mutex
	mu.Lock()
	if overtaken() {
		mu.Unlock()
	}
	mu.Unlock()
}

func TestNegative(t *testing.T) {
	var wg sync.WaitGroup
	if overtaken() {
		wg.Done()
	}
}
