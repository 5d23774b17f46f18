module points.example/points

go 1.25.0
