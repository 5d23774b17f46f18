module example.com/strays

go 1.25
