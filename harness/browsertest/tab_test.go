package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
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

// A tab is a page in a browser, and what it complained of or asked the network for.
type tab struct {
	context.Context
	t        *testing.T
	origin   string // of what may be asked for
	mu       sync.Mutex
	problems []string
}

// open opens an address in so many pixels, and waits until an element is visible. The page may ask for what lies below the address.
func open(t *testing.T, url string, width, height int64, scheme, ready string) *tab {
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
	for _, name := range []string{"clipboard-write", "clipboard-read"} {
		_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
		})
		tab.must(err)
	}
	tab.scheme(scheme)
	tab.run(chromedp.EmulateViewport(width, height), chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(ready)))
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

func (tab *tab) click(selectors ...string) {
	tab.t.Helper()
	for _, selector := range selectors {
		tab.run(chromedp.Click(chromedp.CSS(selector)))
	}
}

func (tab *tab) quiet() {
	tab.t.Helper()
	tab.mu.Lock()
	defer tab.mu.Unlock()
	require.Empty(tab.t, tab.problems)
}

// text is what an element says.
func (tab *tab) text(selector string) string {
	tab.t.Helper()
	text, err := chromedp.Run(tab, chromedp.Text(chromedp.CSS(selector)))
	tab.must(err)
	return text
}

// evaluate is the value of an expression.
func evaluate[T any](tab *tab, expression string) T {
	tab.t.Helper()
	value, err := chromedp.Run(tab, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	tab.must(err)
	return value
}

// picture leaves a screenshot where somebody wants to look at them.
func (tab *tab) picture(name string) {
	folder := os.Getenv("RACEWINDOW_SCREENSHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	tab.must(err)
	require.NoError(tab.t, os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644))
}

// until waits for an expression to become true; a page may renew itself.
func (tab *tab) until(expression string) {
	tab.t.Helper()
	require.Eventually(tab.t, func() bool { return evaluate[bool](tab, expression) }, 90*time.Second, 100*time.Millisecond, expression)
}
