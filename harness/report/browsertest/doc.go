// Package browsertest opens the pages of package report in a real browser: Chromium, driven by chromedp. It is a module of its own,
// so that nobody who uses racewindow needs a browser's driver.
//
//	cd harness/report/browsertest && RACEWINDOW_REQUIRE_BROWSER=1 go test ./...
//
// With RACEWINDOW_SCREENSHOTS=DIR it leaves pictures of the pages there, for people to look at.
package browsertest
