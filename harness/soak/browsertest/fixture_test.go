package browsertest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browserPath finds a browser, or skips the test.
func browserPath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const message = "needs a browser: apt-get install chromium"
	if os.Getenv("RACEWINDOW_REQUIRE_BROWSER") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
	return ""
}

// root is the module's, seen from here.
const root = "../../.."

// binary is the instrumented racewindow.
var binary = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "racewindow-page-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "racewindow")
	build := exec.Command("go", "run", "./harness/cmd/racewindow", "build", "-o", file, "./harness/cmd/racewindow")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build racewindow: %w: %s", err, output)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := binary(); err == nil && file != "" && built {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

// built says that binary has been asked for.
var built bool

var liveAt = regexp.MustCompile(`live at (http://127\.0\.0\.1:\d+/),`)

// A campaign is a soak that finds the known bug in its first rounds.
type campaign struct {
	url, out string
	process  *exec.Cmd
	done     chan struct{}
}

// soak starts a campaign, and ends it with the test.
func soak(t *testing.T) *campaign {
	t.Helper()
	built = true
	file, err := binary()
	require.NoError(t, err)
	c := &campaign{out: t.TempDir(), done: make(chan struct{})}
	c.process = exec.Command(file, "soak", "--for", "10m", "--round-for", "1s", "--seed", "5", "--out", c.out, "--corpus", filepath.Join("testdata", "cases"),
		"--kinds", "explore,stress,crashstress,kill", "--handovers", "stale,snapshot", "--canary-within", "0", "--listen", "127.0.0.1:0")
	c.process.Dir = root
	said, err := c.process.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.process.Start())
	t.Cleanup(func() { c.end(t) })
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if m := liveAt.FindStringSubmatch(lines.Text()); m != nil {
			c.url = m[1]
			break
		}
	}
	require.NotEmpty(t, c.url, "it says where it listens")
	go func() {
		defer close(c.done)
		_, _ = io.Copy(io.Discard, said) // or it would wait for a reader
		_ = c.process.Wait()             // it has found something, so its code is no success
	}()
	return c
}

// end ends the campaign in order.
func (c *campaign) end(t *testing.T) {
	t.Helper()
	_ = c.process.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-c.done:
	case <-time.After(time.Minute):
		_ = c.process.Process.Kill()
		t.Error("the campaign did not end within a minute")
	}
}

// A tab is a page in a browser, and what it complained of or asked the network for.
type tab struct {
	context.Context
	t        *testing.T
	origin   string
	mu       sync.Mutex
	problems []string
}

// open opens a page of so many pixels.
func open(t *testing.T, url string, width, height int64, scheme string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browserPath(t)), chromedp.NoSandbox, chromedp.WindowSize(int(width), int(height)))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	tab := &tab{Context: ctx, t: t, origin: url}
	tab.must(chromedp.Do(ctx)) // opens it
	tab.must(chromedp.Listen(ctx, tab.heard))
	for _, enable := range []func() error{
		func() error { _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); return err },
		func() error { _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); return err },
	} {
		tab.must(enable())
	}
	tab.scheme(scheme)
	tab.run(chromedp.EmulateViewport(width, height), chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#live dl")))
	return tab
}

// scheme makes the page light or dark.
func (tab *tab) scheme(name string) {
	tab.t.Helper()
	_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
	tab.must(err)
}

// heard keeps what must not happen.
func (tab *tab) heard(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		problem = fmt.Sprintf("console.%s: %v", e.Type, e.Args)
	case *log.EventEntryAdded:
		if !strings.HasSuffix(e.Entry.URL, "/favicon.ico") { // every browser asks for one
			problem = fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, tab.origin) && !strings.HasPrefix(url, "data:") {
			problem = "request: " + url
		}
	}
	if problem != "" {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		tab.problems = append(tab.problems, problem)
	}
}

func (tab *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	tab.must(chromedp.Do(tab, steps...))
}

func (tab *tab) must(err error) {
	tab.t.Helper()
	require.NoError(tab.t, err)
}

func (tab *tab) quiet() {
	tab.t.Helper()
	tab.mu.Lock()
	defer tab.mu.Unlock()
	require.Empty(tab.t, tab.problems)
}

// evaluate is the value of an expression.
func evaluate[T any](tab *tab, expression string) T {
	tab.t.Helper()
	value, err := chromedp.Run(tab, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	tab.must(err)
	return value
}

// until waits for an expression to become true; the page renews itself.
func (tab *tab) until(expression string) {
	tab.t.Helper()
	require.Eventually(tab.t, func() bool { return evaluate[bool](tab, expression) }, 90*time.Second, 100*time.Millisecond, expression)
}

// picture leaves a screenshot where somebody wants to look at them.
func (tab *tab) picture(name string) {
	tab.t.Helper()
	folder := os.Getenv("RACEWINDOW_SCREENSHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	tab.must(err)
	require.NoError(tab.t, os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644))
}
