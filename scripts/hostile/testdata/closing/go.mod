module example.com/hostileclosing

go 1.26.0

require (
	github.com/racewindow/racewindow v0.0.0
)

require (
	github.com/gofrs/flock v0.13.1 // indirect
	github.com/leanovate/gopter v0.2.11 // indirect
	github.com/pingcap/errors v0.11.4 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/racewindow/racewindow => RACEWINDOW_ROOT
