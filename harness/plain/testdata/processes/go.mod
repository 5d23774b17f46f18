module example/processes

go 1.25
