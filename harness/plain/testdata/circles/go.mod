module example/circles

go 1.25
