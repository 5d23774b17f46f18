module example/fewest

go 1.25
