package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/report"
)

// maxPageBytes is the largest size of a committed page.
const maxPageBytes = 200 << 10

func TestTheGalleryShowsTheBugAndEachFix(t *testing.T) {
	if !failpoints.Instrumented() {
		const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
		if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	folder := t.TempDir()
	require.NoError(t, write(context.Background(), folder))
	verdicts := map[string]string{}
	for _, p := range pages {
		verdicts[p.File] = p.Report.Verdict
		require.Equal(t, p.Report.Verdict == report.Held, p.Report.Claim != "", p.File)
	}
	require.Equal(t, map[string]string{
		"bug.html": report.Violated, "bug-partial.html": report.Violated, "option-a-written.html": report.Violated, "option-a-meant.html": report.Violated,
		"shipped.html": report.Held, "shipped-gap.html": report.Violated, "option-b.html": report.Held, "option-c.html": report.Held,
	}, verdicts)
	files, err := filepath.Glob(filepath.Join(folder, "*.html"))
	require.NoError(t, err)
	require.Len(t, files, len(pages)+1)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Less(t, len(content), maxPageBytes, file)
		links := regexp.MustCompile(`<a href="([a-z-]+\.html)"`).FindAllSubmatch(content, -1)
		require.GreaterOrEqual(t, len(links), len(pages), file)
		for _, link := range links {
			require.FileExists(t, filepath.Join(folder, string(link[1])))
		}
	}
}

// Each committed page shows the case for which the program would make it today.
func TestTheCommittedGalleryHasEachPage(t *testing.T) {
	for _, p := range pages {
		content, err := os.ReadFile(filepath.Join("..", "..", "properties", "gallery", p.File))
		require.NoError(t, err, "make gallery")
		require.Contains(t, string(content), p.Title)
	}
}
