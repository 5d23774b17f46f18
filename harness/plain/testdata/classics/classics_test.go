package classics

import (
	"context"
	"sync"
	"testing"
)

func TestLog(t *testing.T)      { testLog(t, (*Log).Read) }
func TestLogRight(t *testing.T) { testLog(t, (*Log).ReadAgain) }

func testLog(t *testing.T, read func(*Log, int64) (string, bool)) {
	l := NewLog()
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		l.Append("a")
		l.Flush()
	}()
	go func() {
		defer wg.Done()
		if l.next.Load() == 0 {
			return
		}
		if _, ok := read(l, 0); !ok {
			t.Errorf("record 0 was acknowledged and is not found")
		}
	}()
	wg.Wait()
}

func TestCond(t *testing.T)      { testCond((*Box).Get) }
func TestCondRight(t *testing.T) { testCond((*Box).GetRight) }

func testCond(get func(*Box)) {
	b := NewBox()
	done := make(chan struct{})
	go func() {
		get(b)
		close(done)
	}()
	go b.Put()
	<-done
}

func TestLockOrder(t *testing.T)      { testTransfer(t, Transfer) }
func TestLockOrderRight(t *testing.T) { testTransfer(t, TransferRight) }

func testTransfer(t *testing.T, transfer func(from, to *Account, n int)) {
	a, b := &Account{number: 1, balance: 10}, &Account{number: 2, balance: 10}
	var wg sync.WaitGroup
	wg.Go(func() { transfer(a, b, 1) })
	wg.Go(func() { transfer(b, a, 2) })
	wg.Wait()
	if a.balance+b.balance != 20 {
		t.Fatal("money is lost")
	}
}

func TestFeed(t *testing.T)      { testFeed((*Feed).Send) }
func TestFeedRight(t *testing.T) { testFeed((*Feed).SendRight) }

func testFeed(send func(*Feed, int) bool) {
	f := &Feed{ch: make(chan int, 4)}
	var wg sync.WaitGroup
	wg.Go(func() { send(f, 1) })
	wg.Go(f.Close)
	for range f.ch {
	}
	wg.Wait()
}

func TestAsk(t *testing.T)      { testAsk(t, Ask) }
func TestAskRight(t *testing.T) { testAsk(t, AskRight) }

func testAsk(t *testing.T, ask func(context.Context, func() int) (int, error)) {
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if v, err := ask(ctx, func() int { return 42 }); err == nil && v != 42 {
		t.Fatal(v)
	}
}

func TestSum(t *testing.T)      { testSum(t, Sum) }
func TestSumRight(t *testing.T) { testSum(t, SumRight) }

func testSum(t *testing.T, sum func(int) int) {
	if got := sum(3); got != 3 {
		t.Fatalf("the sum is %d", got)
	}
}
