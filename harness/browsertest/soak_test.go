package browsertest

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

const (
	rounds = `Number(document.getElementById('rounds').textContent.replace(/,/g, ''))`
	// drawn is how many points the first curve of each plot has.
	drawn    = `[...document.querySelectorAll('.plots figure')].map(f => (f.querySelector('path.first').getAttribute('d').match(/L/g) || []).length)`
	reported = `document.querySelector('#live tbody a[href$="/report.html"]')`
)

func TestTheLivePageOfACampaign(t *testing.T) {
	browserPath(t)
	c := soak(t)
	t.Run("its figures and plots move", func(t *testing.T) { figuresMove(t, c) })
	t.Run("a finding opens its report", func(t *testing.T) { findingOpens(t, c) })
	t.Run("it fits every screen in both schemes", func(t *testing.T) { itFits(t, c) })
	t.Run("nothing can be changed or reached through it", func(t *testing.T) { nothingChanges(t, c) })
	t.Run("it says when the campaign has gone", func(t *testing.T) { itSaysWhenGone(t, c) })
}

func figuresMove(t *testing.T, c *campaign) {
	tab := open(t, c.url, 1280, 900, "light", "#live dl")
	tab.until(rounds + ` >= 4`)
	before := evaluate[int](tab, rounds)
	points := evaluate[[]int](tab, drawn)
	require.GreaterOrEqual(t, len(points), 4, "rate, coverage, memory and more")
	left := evaluate[string](tab, `document.querySelector('#live p').textContent`)
	tab.until(fmt.Sprintf(`%s >= %d`, rounds, before+4))
	require.NotEqual(t, left, evaluate[string](tab, `document.querySelector('#live p').textContent`), "the time goes on")
	for _, plot := range []string{"Schedules", "Operations", "Coverage", "Memory"} {
		n := fmt.Sprintf(`[...document.querySelectorAll('.plots figure')].findIndex(f => f.textContent.includes('%s'))`, plot)
		tab.until(fmt.Sprintf(`%s[%s] > 0`, drawn, n))
	}
	after := evaluate[[]int](tab, drawn)
	require.Len(t, after, len(points))
	require.NotEqual(t, points, after, "curves grow")
	for _, id := range []string{"schedules", "operations", "crashes", "kills", "failpoints", "pairs"} {
		tab.until(fmt.Sprintf(`/[1-9]/.test(document.getElementById('%s').textContent)`, id))
	}
	require.Contains(t, evaluate[string](tab, `document.getElementById('memory').textContent`), "MiB")
	tab.quiet()
}

func findingOpens(t *testing.T, c *campaign) {
	tab := open(t, c.url, 1280, 900, "light", "#live dl")
	tab.until(`!!` + reported)
	tab.run(chromedp.Navigate(evaluate[string](tab, reported+`.href`)), chromedp.WaitVisible(chromedp.CSS(`html[data-ready="true"]`)))
	text := evaluate[string](tab, `document.body.textContent`)
	require.Regexp(t, `^\s*Skip to the timeline\s+FAIL [A-Z]\w+`, text[:min(len(text), 200)], "a promise; which one the first finding of this bug shows depends on the seed")
	require.Contains(t, text, "stale")
	tab.picture("finding")
	tab.quiet()
}

func itFits(t *testing.T, c *campaign) {
	for _, width := range []int64{400, 1280} {
		tab := open(t, c.url, width, 900, "light", "#live dl")
		tab.until(`!!` + reported)
		ground := map[string]string{}
		for _, scheme := range []string{"light", "dark"} {
			tab.scheme(scheme)
			tab.picture(fmt.Sprintf("live-%d-%s", width, scheme))
			require.LessOrEqual(t, evaluate[int64](tab, `document.documentElement.scrollWidth`), width, "%d pixels, %s: the page is wider than the screen", width, scheme)
			ground[scheme] = evaluate[string](tab, `getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).color`)
		}
		require.NotEqual(t, ground["light"], ground["dark"])
		require.Empty(t, evaluate[[]string](tab, `[...document.querySelectorAll('#live svg, #live dl div')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)`), "nothing is cut")
		tab.quiet()
	}
}

func nothingChanges(t *testing.T, c *campaign) {
	tab := open(t, c.url, 1280, 900, "light", "#live dl")
	require.Zero(t, evaluate[int](tab, `document.querySelectorAll('form, button, input, select, textarea, [contenteditable]').length`))
	tab.quiet()
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		require.Equal(t, http.StatusMethodNotAllowed, evaluate[int](tab, fmt.Sprintf(`fetch('/', {method: '%s', body: 'x'}).then(a => a.status)`, method)), method)
	}
	require.NoError(t, os.WriteFile(filepath.Join(c.out, "findings", "secret.txt"), []byte("secret"), 0o600))
	for _, path := range []string{"/findings/../journal.jsonl", "/findings/..%2f..%2fjournal.jsonl", "/findings/x/..%2fsecret.txt", "/findings/secret.txt", "/journal.jsonl"} {
		require.NotContains(t, plainly(t, c.url, path), "200 OK", path)
	}
}

// plainly asks for a path as it is written: a browser would tidy it up.
func plainly(t *testing.T, page, path string) (status string) {
	t.Helper()
	u, err := url.Parse(page)
	require.NoError(t, err)
	connection, err := net.Dial("tcp", u.Host)
	require.NoError(t, err)
	defer connection.Close()
	_, err = fmt.Fprintf(connection, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, u.Host)
	require.NoError(t, err)
	answer := make([]byte, 4096)
	n, err := connection.Read(answer)
	require.NoError(t, err)
	require.NotContains(t, string(answer[:n]), "secret\n")
	status, _, _ = strings.Cut(string(answer[:n]), "\r\n")
	return status
}

func itSaysWhenGone(t *testing.T, c *campaign) {
	tab := open(t, c.url, 1280, 900, "light", "#live dl")
	require.True(t, evaluate[bool](tab, `document.getElementById('lost').hidden`))
	c.end(t)
	tab.until(`!document.getElementById('lost').hidden`)
	require.Greater(t, evaluate[int](tab, rounds), 0, "the last state stays")
}
